// Computes and trains on WebGPU in a headless Chromium, on SwiftShader, which needs no GPU.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { bundleProgram } from '../scripts/bundle-program.mjs'
import { outcome } from './conformance/check-in-node.mjs'
import { webgpuPackages } from './conformance/webgpu-packages.mjs'

export const name = 'webgpu'

const flags = [
  '--headless=new',
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-webgpu-adapter=swiftshader',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export async function run(context) {
  const chromium = [process.env.TRAINYARD_CHROMIUM, 'chromium', 'google-chrome'].find(
    (program) => program && spawnSync(program, ['--version'], { timeout: 30_000 }).status === 0,
  )
  if (!chromium) return { skipped: 'there is no chromium; install one, or name one with TRAINYARD_CHROMIUM' }
  const { folder, skipped } = await context.npm(webgpuPackages)
  if (skipped) return { skipped }

  const program = await bundleProgram('interop/conformance/browser-program.mjs', folder, { browser: true })
  const stop = new AbortController()
  const page = await serve(program, context.log)
  try {
    const profile = `--user-data-dir=${join(context.folder, 'profile')}`
    const browser = context.run(chromium, [...flags, profile, page.address], {
      seconds: 1500,
      signal: stop.signal,
    })
    const ended = browser.then(() => {
      throw new Error('chromium ended before the check did')
    })
    return outcome(await Promise.race([page.result, ended]))
  } finally {
    stop.abort()
    page.close()
  }
}

/** Serves a page that runs a program, on the loopback interface alone; `result` is what the program sends. */
async function serve(program, log) {
  let answer
  const result = new Promise((resolve) => (answer = resolve))
  const server = createServer(async (request, response) => {
    if (request.url === '/log') log(await text(request))
    else if (request.url === '/result') answer(JSON.parse(await text(request)))
    else if (request.url === '/program.mjs')
      return response.setHeader('Content-Type', 'text/javascript').end(readFileSync(program))
    else if (request.url === '/')
      return response
        .setHeader('Content-Type', 'text/html')
        .end('<!doctype html><script type="module" src="/program.mjs"></script>')
    else response.statusCode = 404
    response.end()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { address: `http://127.0.0.1:${server.address().port}/`, result, close }
}
