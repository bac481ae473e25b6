import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/**
 * Starts TensorBoard on a directory, with one of its two loaders; `get` asks one of its routes, `until` asks again and again until an answer is right, `close` ends it.
 * @param loadFast `false` for the loader in Python, `true` for the one in Rust.
 */
export async function startTensorboard({ run, python, directory, loadFast }) {
  const port = await freePort()
  const address = `http://127.0.0.1:${port}`
  const stop = new AbortController()
  const args = ['--logdir', directory, '--host', '127.0.0.1', '--port', port, '--reload_interval', '1']
  let failure
  const ended = run(python, ['-m', 'tensorboard.main', ...args, `--load_fast=${loadFast}`].map(String), {
    seconds: 900,
    signal: stop.signal,
  }).catch((error) => (failure = error))

  const get = async (route, query = {}, body) => {
    const response = await fetch(`${address}${route}?${new URLSearchParams(query)}`, {
      ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
      headers: { 'content-type': 'application/json' },
    })
    if (!response.ok)
      throw new Error(`${route} ${JSON.stringify(query)}: ${response.status} ${await response.text()}`)
    const isJson = response.headers.get('content-type').includes('json')
    return isJson ? response.json() : Buffer.from(await response.arrayBuffer())
  }
  const until = async (what, ask, isRight, seconds = 60) => {
    let answer
    for (const end = Date.now() + 1000 * seconds; Date.now() < end; await wait(200)) {
      if (failure) throw failure
      answer = await ask().catch((error) => error)
      if (!(answer instanceof Error) && isRight(answer)) return answer
    }
    throw new Error(`${what}: after ${seconds} s still ${answer?.message ?? JSON.stringify(answer)}`)
  }
  const close = async () => {
    stop.abort()
    await ended
  }
  await until('start', () => get('/data/runs'), Array.isArray, 120).catch(async (error) => {
    await close()
    throw error
  })
  return { address, get, until, close }
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })
}
