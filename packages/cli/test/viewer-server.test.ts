import { once } from 'node:events'
import { appendFileSync, chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { FilterAnswer, LinesRequest, RunDetails, RunsMessage } from '../src/viewer/protocol.ts'
import { unpackLines } from '../src/viewer/series/pack-lines.ts'
import { startViewer, type Viewer, type ViewerOptions } from '../src/viewer/start-viewer.ts'
import { newFolder, writeFile, writeRun, writeRuns } from './folders.ts'

const viewers: Viewer[] = []

afterEach(async () => {
  for (const viewer of viewers.splice(0)) await viewer.close()
})

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Starts a viewer, and gives what asks it. */
async function open(folder: string, options: Partial<ViewerOptions> = {}) {
  const viewer = await startViewer({ folder, port: 0, ...options })
  viewers.push(viewer)
  const token = new URL(viewer.url).hash.slice('#token='.length)
  // fetch does not send a Host or Origin of our own.
  const ask = (path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest(
        { port: viewer.port, host: '127.0.0.1', path, method, headers },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () =>
            resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
          )
          response.on('error', reject)
        },
      )
      sent.on('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  const json = async <T>(path: string, asked?: Asked): Promise<T> =>
    JSON.parse((await ask(path, asked)).body.toString()) as T
  const post = (
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> =>
    ask(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
  const lines = async (wanted: Partial<LinesRequest>) => {
    const body: LinesRequest = { runs: [], metric: 'train.loss', axis: 'step', buckets: 100, ...wanted }
    const bytes = (await post('/api/lines', body)).body
    return unpackLines(Uint8Array.from(bytes).buffer)
  }
  await ask('/api/runs')
  return { viewer, token, ask, json, post, lines }
}

describe('the viewer', () => {
  test('gives the runs with their configs and what their metrics come to', async () => {
    const { json } = await open(writeRuns())
    const { rows, problems } = await json<RunsMessage>('/api/runs')
    expect(rows.map(({ id, status }) => [id, status])).toEqual([
      ...['1', '2', '3', '4'].map((id) => [id, 'COMPLETE']),
      ['5', 'FAILED'],
    ])
    expect(rows[1]).toMatchObject({
      config: { 'config.optimizer.lr': 0.1, 'config.seed': 1 },
      metrics: { 'train.loss': [1.025, 1.025, 1.1, 4], 'val.val_loss': [1.1, 1.1, 1.1, 1] },
      duration: 602,
    })
    expect(rows[4]).toMatchObject({ tags: ['odd'], metrics: { 'train.loss': ['NaN', 0.5, 0.5, 2] } })
    expect(problems).toEqual([])
  })

  test('filters in the language of the Reader, and says where a query is wrong', async () => {
    const { json } = await open(writeRuns())
    const filter = (query: string): Promise<FilterAnswer> =>
      json(`/api/filter?query=${encodeURIComponent(query)}`)
    expect(await filter("config.optimizer.lr <= 1e-2 and status == 'COMPLETE'")).toEqual({ ids: ['3', '4'] })
    expect(await filter('')).toEqual({ ids: ['1', '2', '3', '4', '5'] })
    expect(await filter('config.seed <= ')).toMatchObject({
      position: 15,
      error: expect.stringMatching('value'),
    })
  })

  test('gives the lines of a chart, of runs that have them', async () => {
    const { lines } = await open(writeRuns())
    const found = await lines({ runs: ['1', '5', '77'] })
    expect(found.map(({ run, x, y, notFinite }) => ({ run, x: [...x], y: [...y], notFinite }))).toEqual([
      { run: '1', x: [1, 2, 3, 4], y: [0.1, 0.05, 0.1 / 3, 0.025], notFinite: 0 },
      { run: '5', x: [1, 2], y: [0.5, NaN], notFinite: 1 },
    ])
    expect(await lines({ runs: ['1'], metric: 'train.nothing' })).toEqual([])
    expect(await lines({ runs: ['1'], metric: 'constructor.prototype' })).toEqual([])
  })

  test('reads only what is new of a file that grows, and all of one that was written anew', async () => {
    const logs = newFolder()
    const rows = [1, 2, 3].map((step) => ({ step, loss: step }))
    const folder = writeRun(logs, 1, { status: 'RUNNING', metrics: { train: rows } })
    const { lines } = await open(logs)
    const values = async (): Promise<number[]> => [...(await lines({ runs: ['1'] }))[0]!.y]
    expect(await values()).toEqual([1, 2, 3])
    appendFileSync(join(folder, 'metrics/train.json'), '{"step": 4, "loss": 4}\n{"step": 5, "lo')
    expect(await values()).toEqual([1, 2, 3, 4])
    appendFileSync(join(folder, 'metrics/train.json'), 'ss": 5}\n')
    expect(await values()).toEqual([1, 2, 3, 4, 5])
    writeFile('{"step": 1, "loss": 7}\n', folder, 'metrics/train.json')
    expect(await values()).toEqual([7])
  })

  test('tells all about a run', async () => {
    const logs = newFolder()
    const folder = writeRun(logs, 'mnist/first', {
      config: { lr: 0.1 },
      metrics: {
        train: [
          { step: 1, loss: 3 },
          { step: 2, loss: 1 },
        ],
      },
    })
    writeFile('line\u001b[31m in red\u001b[0m\n', folder, 'log.stdout')
    writeFile('{}', folder, 'artifacts/JSON/result.json')
    const { json, ask } = await open(logs)
    const run = await json<RunDetails>('/api/run?run=mnist%2Ffirst')
    expect(run).toMatchObject({
      row: { id: 'mnist/first', config: { 'config.lr': 0.1 } },
      metrics: [{ name: 'train.loss', last: 1, min: 1, minAt: 2, max: 3, maxAt: 1, count: 2 }],
      artifacts: [{ path: 'artifacts/JSON/result.json', size: 2 }],
      console: [{ path: 'log.stdout', size: 21 }],
      checkpoints: [],
      resume: null,
    })
    const text = await ask('/api/text?run=mnist%2Ffirst&path=log.stdout')
    expect(text.body.toString()).toBe('line in red\n')
    expect((await ask('/api/run?run=none')).status).toBe(404)
  })

  test('tells a page that is open of a row, without being asked again', async () => {
    const logs = newFolder()
    const folder = writeRun(logs, 1, { status: 'RUNNING', metrics: { train: [{ step: 1, loss: 3 }] } })
    const { viewer, json } = await open(logs)
    const { revision } = await json<RunsMessage>('/api/runs')
    const sent = httpRequest({ port: viewer.port, path: `/api/events?revision=${revision}` })
    sent.end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    appendFileSync(join(folder, 'metrics/train.json'), '{"step": 2, "loss": 2}\n')
    let text = ''
    for await (const chunk of response) {
      text += String(chunk)
      if (text.includes('data:') && text.endsWith('\n\n')) break
    }
    const message = JSON.parse(/^data: (.*)$/m.exec(text)![1]!) as RunsMessage
    expect(message.rows.map(({ id, metrics }) => [id, metrics['train.loss']])).toEqual([['1', [2, 2, 3, 2]]])
  })

  test('shows all that is good in a damaged folder, and says what is not', async () => {
    const logs = writeRuns()
    writeRun(logs, 6, { metrics: { train: [{ step: 1, loss: 1 }, 'torn{"ste\n', { step: 2, loss: 2 }] } })
    writeFile('a: [1', logs, '7/metadata/config.yaml')
    writeFile('not a run', logs, 'notes.txt')
    const { json, lines } = await open(logs)
    const { rows, problems } = await json<RunsMessage>('/api/runs')
    expect(rows.map(({ id }) => id)).toEqual(['1', '2', '3', '4', '5', '6', '7'])
    expect([...(await lines({ runs: ['6'] }))[0]!.y]).toEqual([1, 2])
    expect(problems.map(({ path }) => path.slice(logs.length + 1))).toEqual([
      '6/metrics/train.json',
      '7/metadata/config.yaml',
    ])
  })

  test('shows a folder that cannot be written', async () => {
    const logs = writeRuns()
    chmodSync(logs, 0o555)
    try {
      const { json } = await open(logs)
      expect((await json<RunsMessage>('/api/runs')).rows).toHaveLength(5)
    } finally {
      chmodSync(logs, 0o755)
    }
  })

  test('writes tags and notes, where the run keeps them', async () => {
    const logs = writeRuns()
    const { post, token, json } = await open(logs)
    const said = { run: '2', tags: ['best'], notes: 'as it should be', archived: true }
    const { status } = await post('/api/annotate', said, { 'x-trainyard-token': token })
    expect(status).toBe(200)
    expect((await json<RunsMessage>('/api/runs')).rows[1]).toMatchObject({
      tags: ['best'],
      notes: 'as it should be',
      archived: true,
    })
    expect(readFileSync(join(logs, '2/metadata/meta.yaml'), 'utf8')).toContain('as it should be')
  })
})

describe('a foreign site', () => {
  test('cannot read by a name of its own that leads to this machine', async () => {
    const { ask, viewer } = await open(writeRuns())
    for (const host of [
      'evil.example',
      `evil.example:${viewer.port}`,
      `127.0.0.1.evil.example:${viewer.port}`,
      '127.0.0.1:1',
    ])
      expect((await ask('/api/runs', { headers: { host } })).status, host).toBe(403)
    for (const host of [`127.0.0.1:${viewer.port}`, `LOCALHOST:${viewer.port}`, `[::1]:${viewer.port}`])
      expect((await ask('/api/runs', { headers: { host } })).status, host).toBe(200)
  })

  test('cannot read or write across origins', async () => {
    const logs = writeRuns()
    const { ask, post, token, viewer } = await open(logs)
    for (const origin of [
      'https://evil.example',
      'null',
      `http://localhost:1`,
      `https://127.0.0.1:${viewer.port}`,
    ]) {
      const { status, headers } = await ask('/api/runs', { headers: { origin } })
      expect([status, headers['access-control-allow-origin']], origin).toEqual([403, undefined])
      const written = await post(
        '/api/annotate',
        { run: '1', notes: 'x' },
        { origin, 'x-trainyard-token': token },
      )
      expect(written.status, origin).toBe(403)
    }
    expect((await ask('/api/runs', { headers: { origin: `http://127.0.0.1:${viewer.port}` } })).status).toBe(
      200,
    )
    expect((await ask('/api/runs', { method: 'OPTIONS' })).status).toBe(405)
  })

  test('cannot embed what is here, but may link to the page', async () => {
    const { ask } = await open(writeRuns())
    const site = (mode: string) => ({ headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': mode } })
    expect((await ask('/api/runs', site('no-cors'))).status).toBe(403)
    expect((await ask('/page.js', site('no-cors'))).status).toBe(403)
    const page = await ask('/', site('navigate'))
    expect(page.status).toBe(200)
    expect(page.headers).toMatchObject({
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/default-src 'none'; script-src 'self'/),
    })
  })

  test('cannot write with a form, or without the token', async () => {
    const logs = writeRuns()
    const { ask, post, token } = await open(logs)
    const said = { run: '1', notes: 'x' }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
      expect(
        (
          await ask('/api/annotate', {
            method: 'POST',
            headers: { 'content-type': type, 'x-trainyard-token': token },
            body: said,
          })
        ).status,
      ).toBe(415)
    for (const guess of [undefined, '', token.slice(1), `${token}x`])
      expect(
        (await post('/api/annotate', said, guess === undefined ? {} : { 'x-trainyard-token': guess })).status,
      ).toBe(403)
    expect((await ask(`/api/annotate?token=${token}`)).status).toBe(404)
    expect(() => readFileSync(join(logs, '1/metadata/meta.yaml'))).toThrow(/ENOENT/)
  })

  test('nobody can write if it was started so', async () => {
    const { post, token } = await open(writeRuns(), { readOnly: true })
    const { status } = await post('/api/annotate', { run: '1', notes: 'x' }, { 'x-trainyard-token': token })
    expect(status).toBe(403)
  })
})

describe('files', () => {
  test('outside of the artifacts cannot be read, whatever the path', async () => {
    const logs = newFolder()
    const folder = writeRun(logs, 1)
    writeFile('secret', logs, 'secret.txt')
    writeFile('fine', folder, 'artifacts/Text/fine.txt')
    writeRun(logs, 2)
    writeFile('fine, too', logs, '2/artifacts/Text/other.txt')
    const { ask } = await open(logs)
    const get = (run: string, path: string): Promise<Answer> =>
      ask(`/api/artifacts?run=${encodeURIComponent(run)}&path=${encodeURIComponent(path)}`)
    expect((await get('1', 'artifacts/Text/fine.txt')).body.toString()).toBe('fine')
    const paths = [
      '../secret.txt',
      'artifacts/../../secret.txt',
      'artifacts/Text/../../../secret.txt',
      'artifacts/Text/..%2f..%2f..%2fsecret.txt',
      String.raw`artifacts\..\..\secret.txt`,
      join(logs, 'secret.txt'),
      '/etc/passwd',
      'artifacts/Text/fine.txt\0.png',
      'metadata/config.yaml',
      'artifacts/Text',
      'artifacts',
      '',
    ]
    for (const path of paths) expect((await get('1', path)).status, path).toBe(404)
    for (const run of ['../1', '.', '', '1/../2', '/etc', '__proto__'])
      expect((await get(run, 'artifacts/Text/other.txt')).status, run).toBe(404)
    for (const path of ['/../../../etc/passwd', '/api/../secret.txt', '/%2e%2e/secret.txt', '//secret.txt'])
      expect((await ask(path)).status, path).toBe(404)
  })

  test('that are links out of the run cannot be read', async () => {
    const [logs, outside] = [newFolder(), newFolder()]
    writeFile('secret', outside, 'secret.txt')
    const folder = writeRun(logs, 1)
    writeFile('fine', folder, 'artifacts/Text/fine.txt')
    symlinkSync(join(outside, 'secret.txt'), join(folder, 'artifacts/Text/link.txt'))
    symlinkSync(outside, join(folder, 'artifacts/Linked'))
    symlinkSync(join(folder, 'artifacts/Text/fine.txt'), join(folder, 'artifacts/Text/inside.txt'))
    symlinkSync(join(outside, 'secret.txt'), join(folder, 'log.stdout'))
    const { ask, json } = await open(logs)
    const status = async (path: string): Promise<number> =>
      (await ask(`/api/artifacts?run=1&path=${encodeURIComponent(path)}`)).status
    expect(await status('artifacts/Text/link.txt')).toBe(404)
    expect(await status('artifacts/Linked/secret.txt')).toBe(404)
    expect(await status('artifacts/Text/inside.txt')).toBe(200)
    expect((await ask('/api/text?run=1&path=log.stdout')).status).toBe(404)
    const { artifacts, console } = await json<RunDetails>('/api/run?run=1')
    expect(artifacts.map(({ path }) => path)).toEqual([
      'artifacts/Text/fine.txt',
      'artifacts/Text/inside.txt',
    ])
    expect(console).toEqual([])
  })

  test('of runs that lead out of the folder are left out, and named', async () => {
    const [logs, outside] = [newFolder(), newFolder()]
    writeRun(logs, 1)
    writeRun(outside, 9, { config: { password: 'secret' } })
    symlinkSync(join(outside, '9'), join(logs, '2'))
    const inside = writeRun(logs, 3, { metrics: {} })
    mkdirSync(join(inside, 'metrics'))
    writeFile('{"pin": 1234}\n', outside, 'numbers.json')
    symlinkSync(join(outside, 'numbers.json'), join(inside, 'metrics/train.json'))
    mkdirSync(join(logs, '4'))
    symlinkSync(join(outside, '9/metadata'), join(logs, '4/metadata'))
    const { ask, json, lines } = await open(logs)
    const { body } = await ask('/api/runs')
    expect(body.toString()).not.toMatch(/secret|pin/)
    const { rows, problems } = await json<RunsMessage>('/api/runs')
    expect(rows.map(({ id }) => id)).toEqual(['1'])
    expect(problems.map(({ path }) => path)).toEqual([
      join(logs, '2'),
      join(inside, 'metrics/train.json'),
      join(logs, '4/metadata'),
    ])
    expect((await ask('/api/run?run=2')).status).toBe(404)
    expect(await lines({ runs: ['3'], metric: 'train.pin' })).toEqual([])
    expect(
      await json<FilterAnswer>(`/api/filter?query=${encodeURIComponent("config.password =~ '^s'")}`),
    ).toEqual({
      ids: [],
    })
  })

  test('are never run: what a browser could run is saved, the rest is shown as what it is', async () => {
    const logs = newFolder()
    const folder = writeRun(logs, 1)
    const names = [
      'page.html',
      'drawing.svg',
      'program.js',
      'model.bin',
      'picture.png',
      'text.txt',
      'data.json',
    ]
    for (const name of names) writeFile('<script>alert(1)</script>', folder, 'artifacts/Any', name)
    const { ask } = await open(logs)
    const types: Record<string, unknown> = {}
    for (const name of names) {
      const { headers } = await ask(`/api/artifacts?run=1&path=artifacts%2FAny%2F${name}`)
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['content-security-policy']).toMatch(/default-src 'none'.*sandbox$/)
      types[name] = [headers['content-type'], headers['content-disposition']?.split(';')[0]]
    }
    const saved = ['application/octet-stream', 'attachment']
    const text = ['text/plain; charset=utf-8', undefined]
    expect(types).toEqual({
      'page.html': saved,
      'drawing.svg': saved,
      'program.js': saved,
      'model.bin': saved,
      'picture.png': ['image/png', undefined],
      'text.txt': text,
      'data.json': text,
    })
  })
})
