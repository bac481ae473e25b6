// What the viewer costs: how long it takes until the table of a thousand runs is there, and a million points; where there is a Chromium, until they are to
// be seen; and how much memory its server takes.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { type Bar, quick, report, say } from './harness/figures.ts'

const settings = {
  runs: quick ? 20 : 1000,
  lines: quick ? 50 : 1000,
  /** Of one run alone. */
  long: quick ? 2000 : 1_000_000,
  repeats: quick ? 1 : 3,
  bars: { cold: 2500, warm: 500, overlay: 500, points: 2000, live: 1500, memory: 250 },
}

const program = fileURLToPath(new URL('../../packages/cli/dist/trainyard.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
const servers = new Set<ChildProcess>()
process.on('exit', () => {
  for (const server of servers) server.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

if (!existsSync(program)) throw new Error(`"${program}" is missing; pnpm build makes it`)

interface Server {
  readonly url: string
  /** The most memory that it had, in MB; undefined where the system does not tell. */
  memory(): number | undefined
  stop(): Promise<void>
}

/** Starts the viewer as a user does. */
async function start(logs: string): Promise<Server> {
  const child = spawn(process.execPath, [program, 'ui', '--logs', logs, '--port', '0'])
  servers.add(child)
  child.stderr.pipe(process.stderr)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    url: String(line).replace(/#.*/s, ''),
    memory() {
      const status = `/proc/${child.pid!}/status`
      const [, kilobytes] = (existsSync(status) && /VmHWM:\s+(\d+)/.exec(readFileSync(status, 'utf8'))) || []
      return kilobytes === undefined ? undefined : Number(kilobytes) / 1000
    },
    async stop() {
      child.kill('SIGINT')
      await once(child, 'exit')
      servers.delete(child)
    },
  }
}

const runs = join(folder, 'runs')
for (let id = 1; id <= settings.runs; id++) writeRun(runs, id, settings.lines)
const long = join(folder, 'long')
writeRun(long, 1, settings.long)

await measureServer()
const browser = await openBrowser()
if (browser) {
  await measurePage(browser)
  await browser.close()
} else say('no Chromium was found: what is to be seen in a page was not measured')

async function measureServer(): Promise<void> {
  const ids = Array.from({ length: settings.runs }, (_, i) => String(i + 1))
  const times: Record<'cold' | 'whole' | 'warm' | 'points' | 'again' | 'bare', number[]> = {
    cold: [],
    whole: [],
    warm: [],
    points: [],
    again: [],
    bare: [],
  }
  let memory: number | undefined
  for (let i = 0; i < settings.repeats; i++) {
    rmSync(join(runs, '.trainyard-index.json'), { force: true })
    times.bare.push(await timed(readBare))
    for (const kind of ['cold', 'warm'] as const) {
      const server = await start(runs)
      const begin = performance.now()
      times[kind].push(await timed(() => askRuns(server, ids.length)))
      await untilWhole(server)
      if (kind === 'cold') times.whole.push(performance.now() - begin)
      if (kind === 'warm') {
        times.points.push(await timed(() => askLines(server, ids)))
        times.again.push(await timed(() => askLines(server, ids)))
        memory = Math.max(memory ?? 0, server.memory() ?? NaN)
      }
      await server.stop()
    }
  }
  const what = `${settings.runs} runs × ${settings.lines} lines`
  const { bars } = settings
  print(`table of ${what}, cold: the server`, times.cold, bars.cold)
  print(`table of ${what}, cold, with all metrics: the server`, times.whole)
  print(`the same lines, with JSON.parse and nothing else`, times.bare)
  print(`table of ${what}, warm: the server`, times.warm, bars.warm)
  print(`lines of ${what}: the server, first time`, times.points, bars.points)
  print(`lines of ${what}: the server, again`, times.again)
  if (memory !== undefined && !Number.isNaN(memory))
    report('viewer', {
      figure: `most memory of the server, ${what}`,
      value: Math.round(memory),
      unit: 'MB',
      bar: atMost(bars.memory, 'MB', memory),
    })
  const server = await start(long)
  const alone = await timed(() => askLines(server, ['1']))
  print(`a run of ${settings.long} lines: the server`, [alone], bars.points)
  const most = server.memory()
  if (most !== undefined)
    report('viewer', {
      figure: `most memory of the server, a run of ${settings.long} lines`,
      value: Math.round(most),
      unit: 'MB',
      bar: atMost(bars.memory, 'MB', most),
    })
  await server.stop()
}

async function askRuns(server: Server, count: number): Promise<void> {
  const { rows } = (await (await checked(fetch(`${server.url}api/runs`))).json()) as { rows: unknown[] }
  if (rows.length !== count) throw new Error('not all runs are in the table')
}

/** Waits until the metrics have been read, which the table does not wait for. */
async function untilWhole(server: Server): Promise<void> {
  for (;;) {
    const answer = await checked(fetch(`${server.url}api/runs`))
    const { rows } = (await answer.json()) as { rows: { isWhole: boolean }[] }
    if (rows.every(({ isWhole }) => isWhole)) return
    await setTimeout(100)
  }
}

/** Says how fast this machine is just now. */
async function readBare(): Promise<void> {
  let rows = 0
  for (let id = 1; id <= settings.runs; id++) {
    const text = await readFile(join(runs, String(id), 'metrics/train.json'), 'utf8')
    for (const line of text.split('\n')) if (line !== '' && JSON.parse(line)) rows++
  }
  if (rows !== settings.runs * settings.lines) throw new Error('not all lines were read')
}

async function askLines(server: Server, ids: readonly string[]): Promise<void> {
  const body = JSON.stringify({ runs: ids, metric: 'train.loss', axis: 'step', buckets: 500 })
  // What is not known to be a run yet has no lines.
  await checked(fetch(`${server.url}api/runs`))
  const headers = { 'content-type': 'application/json' }
  const answer = await checked(fetch(`${server.url}api/lines`, { method: 'POST', headers, body }))
  const { byteLength } = await answer.arrayBuffer()
  if (byteLength < ids.length * 16) throw new Error('the server gave no lines')
}

/** Measures from the address to what is to be seen. */
async function measurePage(opened: Browser): Promise<void> {
  const times = { cold: [], warm: [], overlay: [], points: [], live: [] } as Record<string, number[]>
  const { bars } = settings
  const visit = async (address: string, ready: string): Promise<number> => {
    const page = await opened.newPage({ bypassCSP: true, viewport: { width: 1280, height: 800 } })
    const time = await timed(async () => {
      await page.goto(address)
      await page.waitForFunction(ready, undefined, { polling: 'raf', timeout: 120_000 })
    })
    await page.close()
    return time
  }
  const table = `document.querySelector('.table tbody a') && document.querySelector('table').ariaRowCount === '${settings.runs + 1}'`
  const chart = `document.querySelector('.chart[data-metric="train.loss"][data-ready=true][data-whole=true] canvas') !== null`
  for (let i = 0; i < settings.repeats; i++) {
    rmSync(join(runs, '.trainyard-index.json'), { force: true })
    let server = await start(runs)
    times['cold']!.push(await visit(server.url, table))
    await untilWhole(server)
    await server.stop()
    server = await start(runs)
    times['warm']!.push(await visit(server.url, table))
    times['overlay']!.push(await overlay(opened, server, Math.min(50, settings.runs)))
    times['points']!.push(await visit(`${server.url}#metrics=train.loss&show=*`, chart))
    await server.stop()
  }
  const what = `${settings.runs} runs × ${settings.lines} lines`
  print(`table of ${what}, cold: to be seen`, times['cold']!, bars.cold)
  print(`table of ${what}, warm: to be seen`, times['warm']!, bars.warm)
  print(
    `${Math.min(50, settings.runs)} runs of ${settings.lines} lines overlaid: to be seen`,
    times['overlay']!,
    bars.overlay,
  )
  print(`chart of ${what}, page and all: to be seen`, times['points']!, bars.points)
  const server = await start(long)
  await visit(server.url, chart)
  print(
    `chart of a run of ${settings.long} lines, page and all: to be seen`,
    [await visit(`${server.url}#metrics=train.loss`, chart)],
    bars.points,
  )
  await server.stop()
  print('a row, from the file to the page', await measureLive(opened), bars.live)
}

/** Measures from the wish to see runs to their chart, in a page that is open. */
async function overlay(opened: Browser, server: Server, count: number): Promise<number> {
  const page = await opened.newPage({ bypassCSP: true, viewport: { width: 1280, height: 800 } })
  await page.goto(`${server.url}#metrics=train.loss&show=${settings.runs}`)
  const seen = (number: number): string =>
    `document.querySelector('[data-metric="train.loss"] .summary')?.textContent.startsWith('${number} run')`
  await page.waitForFunction(seen(1), undefined, { polling: 'raf' })
  const wanted = Array.from({ length: count }, (_, i) => `show=${i + 1}`).join('&')
  const time = await timed(async () => {
    await page.evaluate(`location.hash = 'metrics=train.loss&${wanted}'`)
    await page.waitForFunction(seen(count), undefined, { polling: 'raf' })
  })
  await page.close()
  return time
}

async function measureLive(opened: Browser): Promise<number[]> {
  const logs = join(folder, 'live')
  writeRun(logs, 1, 10, 'RUNNING')
  const server = await start(logs)
  const page = await opened.newPage({ bypassCSP: true })
  await page.goto(server.url)
  await page.waitForFunction("document.querySelectorAll('.table tbody a').length === 1")
  const times: number[] = []
  for (let i = 0; i < 5 * settings.repeats; i++) {
    const loss = 1000 + i
    times.push(
      await timed(async () => {
        appendFileSync(join(logs, '1/metrics/train.json'), `{"step": ${11 + i}, "loss": ${loss}}\n`)
        const seen = `document.querySelector('.table tbody').textContent.includes('${loss}')`
        await page.waitForFunction(seen, undefined, { polling: 'raf' })
      }),
    )
  }
  await page.close()
  await server.stop()
  return times
}

async function openBrowser(): Promise<Browser | undefined> {
  const names = [process.env['TRAINYARD_CHROMIUM'], 'chromium', 'google-chrome']
  const name = names.find((one) => one && spawnSync(one, ['--version']).status === 0)
  if (name === undefined) return undefined
  const executablePath = name.includes('/')
    ? name
    : spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim()
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

async function checked(asked: Promise<Response>): Promise<Response> {
  const answer = await asked
  if (!answer.ok) throw new Error(`the server answered ${answer.status}: ${await answer.text()}`)
  return answer
}

/** Prints the slowest of a few: a limit has to be met every time. */
function print(figure: string, times: readonly number[], limit?: number): void {
  const value = Math.max(...times)
  say(`${figure}: ${times.map((time) => time.toFixed(0)).join(', ')} ms`)
  report('viewer', {
    figure,
    value: Math.round(value),
    unit: 'ms',
    ...(limit !== undefined && { bar: atMost(limit, 'ms', value) }),
  })
}

function atMost(limit: number, unit: string, value: number): Bar {
  return { text: `<= ${limit} ${unit}`, met: value <= limit }
}

/** Writes a run as a logger leaves it, without the time that it takes to make it durable. */
function writeRun(parent: string, id: number, lines: number, status = 'COMPLETE'): void {
  const directory = join(parent, String(id))
  for (const name of ['metadata', 'metrics']) mkdirSync(join(directory, name), { recursive: true })
  const config = `seed: ${id % 5}\nnum_epoch: 10\nmodel:\n  num_units: ${64 * (1 + (id % 3))}\n  activation: relu\noptimizer:\n  name: adam\n  lr: ${10 ** -(1 + (id % 4))}\n`
  writeFileSync(join(directory, 'metadata/config.yaml'), config)
  const info = `log_id: ${id}\nstatus: ${status}\nhostname: elsewhere\nstarted_at: '2026-11-20T10:00:00.000Z'\n${status === 'RUNNING' ? '' : "ended_at: '2026-11-20T11:00:00.000Z'\n"}`
  writeFileSync(join(directory, 'metadata/info.yaml'), info)
  let text = ''
  for (let step = 1; step <= lines; step++) {
    const loss = 1 / (step + id) + (step === 77 ? 1 : 0)
    text += `{"step": ${step}, "epoch": ${step >> 7}, "time": ${1.7e9 + step}, "loss": ${loss}, "accuracy": ${1 - loss}, "learning_rate": 0.001}\n`
    if (text.length > 1 << 20) {
      appendFileSync(join(directory, 'metrics/train.json'), text)
      text = ''
    }
  }
  appendFileSync(join(directory, 'metrics/train.json'), text)
}
