import { once } from 'node:events'
import { appendFileSync, chmodSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { Duplex, Readable } from 'node:stream'
import { openRuns } from '@trainyard/run-folder'
import { describe, expect, test } from 'vitest'
import { answer } from '../src/viewer/http/routes.ts'
import { MediaStore } from '../src/viewer/media/media-store.ts'
import type { FilterAnswer, RunDetails, RunsMessage } from '../src/viewer/protocol.ts'
import { unframed } from '../src/viewer/series/frames.ts'
import { unpackLines } from '../src/viewer/series/pack-lines.ts'
import { RunWatch } from '../src/viewer/run-watch.ts'
import { SeriesStore } from '../src/viewer/series-store.ts'
import { newFolder, writeFile, writeRun, writeRuns } from './folders.ts'
import { open } from './viewer.ts'

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
    const [group, ...others] = await lines({ groups: [{ name: 'seed 0', runs: ['1', '3', '77'] }] })
    expect(others).toEqual([])
    expect([group!.run, [...group!.x]]).toEqual(['seed 0', [1, 2, 3, 4]])
    expect(group!.y[0]).toBeCloseTo((0.1 + 0.001) / 2, 12)
    expect(await lines({ runs: ['1'], metric: 'train.nothing' })).toEqual([])
    expect(await lines({ runs: ['1'], metric: 'constructor.prototype' })).toEqual([])
  })

  test('gives all points of runs, in parts if they are many, to whoever does not say how many', async () => {
    const logs = newFolder()
    const count = 300_000
    for (const id of [1, 2]) {
      const text = Array.from({ length: count }, (_, i) => `{"step":${i},"loss":${i % 7}}\n`).join('')
      writeRun(logs, id, { metrics: { train: [text] } })
    }
    const { post, lines } = await open(logs)
    const [one, other, ...others] = await lines({ runs: ['1', '2'], buckets: undefined })
    expect(others).toEqual([])
    expect([one!.x.length, other!.y.length]).toEqual([count, count])
    expect([one!.x.at(-1), other!.y.at(-1)]).toEqual([count - 1, (count - 1) % 7])
    const wanted = { runs: ['1', '2', '1'], metric: 'train.loss', axis: 'step' }
    const { body } = await post('/api/lines', wanted)
    const parts: number[] = []
    for await (const part of unframed(Readable.from([body]))) parts.push(unpackLines(part).length)
    // A slow machine sends what it has sooner.
    expect(Math.max(...parts)).toBeLessThan(3)
    expect(Math.min(...parts)).toBeGreaterThan(0)
    expect(parts.reduce((sum, length) => sum + length)).toBe(3)
    expect((await post('/api/lines', { ...wanted, buckets: 0 })).status).toBe(400)
    expect((await post('/api/lines', { ...wanted, buckets: null })).status).toBe(400)
  })

  test('reads no more than is taken from it, by whoever asks for more than fits between', async () => {
    const logs = newFolder()
    const count = 200_000
    const text = Array.from({ length: count }, (_, i) => `{"step":${i},"loss":1}\n`).join('')
    writeRun(logs, 1, { metrics: { train: [text] } })
    writeRun(logs, 2, { metrics: { train: [{ step: 0, loss: 1 }] } })
    const { viewer, ask } = await open(logs)
    // 48 MB of the first run, then the other.
    const runs = [...Array.from({ length: 15 }, () => '1'), '2']
    const headers = { 'content-type': 'application/json' }
    const sent = httpRequest({ port: viewer.port, path: '/api/lines', method: 'POST', headers })
    sent.end(JSON.stringify({ runs, metric: 'train.loss', axis: 'step' }))
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    response.pause()
    for (let turn = 0; turn < 100; turn++) await ask('/api/folder')
    appendFileSync(join(logs, '2/metrics/train.json'), '{"step":1,"loss":2}\n')
    const points: number[] = []
    for await (const part of unframed(response)) points.push(...unpackLines(part).map(({ x }) => x.length))
    expect(points).toEqual([...Array.from({ length: 15 }, () => count), 2])
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

  test('keeps nothing for a page that does not listen, and tells it all when it does again', async () => {
    const logs = newFolder()
    writeRun(logs, 1)
    const other = writeRun(logs, 2)
    const watch = new RunWatch(openRuns(logs), logs)
    const state = { watch, series: new SeriesStore(), media: new MediaStore(), readOnly: false }
    const server = createServer((request, response) => void answer(state, request, response))
    await watch.look()
    let told = ''
    let [onTold, goOn] = [(): void => {}, (): void => {}]
    const hears = async (text: string): Promise<void> => {
      while (!told.includes(text)) await new Promise<void>((resolve) => (onTold = resolve))
    }
    let isListening = false
    const socket = new Duplex({
      writableHighWaterMark: 1,
      read() {},
      write(chunk, _, done) {
        told += String(chunk)
        onTold()
        if (isListening) done()
        else goOn = done
      },
    })
    server.emit('connection', socket)
    socket.push(`GET /api/events?revision=${watch.all().revision} HTTP/1.1\r\nHost: here\r\n\r\n`)
    await hears('HTTP/1.1 200')
    for (let i = 1; i <= 20; i++) {
      const run = watch.run('1')!
      run.annotate({ notes: `note ${i}` })
      watch.update(run)
    }
    rmSync(other, { recursive: true })
    await watch.look()
    isListening = true
    goOn()
    await hears('note 20')
    expect(told.match(/event: runs/g)).toHaveLength(1)
    const message = JSON.parse(/^data: (.*)$/m.exec(told)![1]!) as RunsMessage
    // Not what was removed, but all that there is.
    expect([message.rows.map(({ id }) => id), message.removed]).toEqual([['1'], undefined])
    watch.close()
    socket.destroy()
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
