import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import '@fontsource-variable/inter'
import '@/shared/ui/tokens.css'
import '@/shared/ui/base.css'
import { App } from '@/app/App'

/* After an update of the server the files of this page have other names: load it anew, but never in a circle. */
const RELOADED_AT = 'reloadedAt'
window.addEventListener('vite:preloadError', (event) => {
  if (Date.now() - Number(sessionStorage.getItem(RELOADED_AT)) < 30_000) return
  sessionStorage.setItem(RELOADED_AT, String(Date.now()))
  event.preventDefault()
  window.location.reload()
})

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
