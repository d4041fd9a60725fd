/* Starts Swagger UI on /api/docs. A file of its own, because the page may run no inline script. */
const theme = document.createElement('link')
theme.rel = 'stylesheet'
theme.href = '/docs-assets/docs-theme.css'
document.head.append(theme)

window.addEventListener('load', () => {
  window.SwaggerUIBundle({
    url: '/api/openapi.json',
    dom_id: '#swagger-ui',
    deepLinking: true,
    validatorUrl: null,
    docExpansion: 'list',
    tryItOutEnabled: false,
  })
})
