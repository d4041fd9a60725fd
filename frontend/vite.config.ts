import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress } from 'node:zlib'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'
import { dependencies } from './package.json'

const outDir = resolve(import.meta.dirname, '../src/mammogram_viewer/web/page')

/** Puts Swagger UI beside the page: the server's `/api/docs` may load nothing from another host. */
function apiDocs(): Plugin {
  return {
    name: 'api-docs',
    apply: 'build',
    closeBundle() {
      const from = resolve(import.meta.dirname, 'node_modules/swagger-ui-dist')
      const to = resolve(outDir, 'docs-assets')
      mkdirSync(to, { recursive: true })
      for (const file of ['swagger-ui-bundle.js', 'swagger-ui.css', 'LICENSE', 'NOTICE']) {
        copyFileSync(resolve(from, file), resolve(to, file))
      }
      for (const file of ['docs-init.js', 'docs-theme.css']) {
        copyFileSync(resolve(import.meta.dirname, file), resolve(to, file))
      }
    },
  }
}

/** What comes into the bundle through tus-js-client and chart.js. */
const WITHIN = ['js-base64', 'url-parse', 'querystringify', 'requires-port', '@kurkle/color']

/** The licences of what is shipped inside the bundle and the font, as they ask for. */
function licences(): Plugin {
  return {
    name: 'licences',
    apply: 'build',
    closeBundle() {
      const to = resolve(outDir, 'licences')
      mkdirSync(to, { recursive: true })
      for (const name of [...Object.keys(dependencies), ...WITHIN]) {
        const folder = resolve(import.meta.dirname, 'node_modules', name)
        const from = ['LICENSE', 'LICENSE.md'].map((file) => resolve(folder, file)).find(existsSync)
        if (from !== undefined) copyFileSync(from, resolve(to, `${name.replace(/[@/]/g, '_')}.txt`))
      }
    },
  }
}

const COMPRESSIBLE = new Set(['.css', '.html', '.js', '.json', '.svg', '.wasm'])

/** Each file once more as brotli, which the server sends to who takes it: made here, where time does not matter. */
function compressed(): Plugin {
  const compress = promisify(brotliCompress)
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle: {
      order: 'post',
      sequential: true,
      async handler() {
        const names = readdirSync(outDir, { recursive: true, encoding: 'utf8' })
        const wanted = names
          .filter((name) => COMPRESSIBLE.has(extname(name)))
          .map((name) => resolve(outDir, name))
        await Promise.all(
          wanted.map(async (file) => {
            const bytes = await readFile(file)
            const small = await compress(bytes)
            if (small.length < bytes.length) await writeFile(`${file}.br`, small)
          }),
        )
      },
    },
  }
}

export default defineConfig({
  plugins: [react(), apiDocs(), licences(), compressed()],
  resolve: { alias: { '@': resolve(import.meta.dirname, 'src') } },
  build: {
    outDir,
    emptyOutDir: true,
    // The content security policy allows no data: fonts, so nothing is inlined.
    assetsInlineLimit: 0,
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: {
      '/api': 'http://127.0.0.1:3000',
      '/health': 'http://127.0.0.1:3000',
    },
  },
  test: { environment: 'jsdom', include: ['src/**/*.test.ts', 'src/**/*.test.tsx'] },
})
