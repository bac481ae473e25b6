// What a run folder costs: lines of metrics a second over opening the file at every line, as MLXPy does; and how
// fast runs are found again, over reading the files that are needed with nothing but js-yaml and JSON.parse.
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { count, mean, min, openRuns, RunLogger } from '@trainyard/run-folder'
import { load } from 'js-yaml'
import { type Bar, below, quick, report, say } from './harness/figures.ts'
import { estimateText, interleave, median, ratio } from './harness/timing.ts'

const settings = {
  writing: { blocks: quick ? 3 : 40, warmUp: quick ? 1 : 5, steps: quick ? 1000 : 20_000, maxSeconds: 90 },
  reading: { blocks: quick ? 2 : 12, warmUp: quick ? 1 : 2, steps: 1, maxSeconds: 180 },
  listing: { blocks: quick ? 2 : 12, warmUp: 2, steps: 1, maxSeconds: 90 },
  runs: quick ? 20 : 1000,
  lines: quick ? 50 : 1000,
  manyRuns: quick ? 100 : 10_000,
  bars: { lines: 1.7, first: 1.2, second: 0.1, list: 500 },
}

const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** What the tutorial of MLXPy logs, and a row of a longer training; with the lines that come of them, as fast as they can be made by hand. */
const rows = {
  'two numbers': {
    row: (step: number) => ({ loss: 0.03 / (step + 1), epoch: step }),
    line: (step: number) => `{"loss": ${0.03 / (step + 1)}, "epoch": ${step}}\n`,
  },
  'six numbers': {
    row: sixNumbers,
    line(step: number) {
      const { epoch, loss, accuracy, grad_norm: norm, learning_rate: rate } = sixNumbers(step)
      return `{"step": ${step}, "epoch": ${epoch}, "loss": ${loss}, "accuracy": ${accuracy}, "grad_norm": ${norm}, "learning_rate": ${rate}}\n`
    },
  },
}

function sixNumbers(step: number) {
  const loss = 1 / (step + 1)
  return {
    step,
    epoch: step >> 7,
    loss,
    accuracy: 1 - loss,
    grad_norm: Math.sqrt(loss) * 3.1,
    learning_rate: 1e-3,
  }
}

await measureWriting('two numbers', settings.bars.lines)
await measureWriting('six numbers')
const runs = join(folder, 'runs')
writeRuns(runs, settings.runs, settings.lines)
await measureReading()
const many = join(folder, 'many')
writeRuns(many, settings.manyRuns, 1)
await measureListing()

async function measureWriting(name: keyof typeof rows, bar?: number): Promise<void> {
  const { row, line } = rows[name]
  const run = new RunLogger({ parentLogDir: join(folder, 'writing') })
  const path = join(folder, 'each-line.json')
  const { steps } = settings.writing
  const times = await interleave(
    {
      ours() {
        for (let step = 0; step < steps; step++) run.logMetrics(row(step), 'train')
        run.rewind({})
      },
      each() {
        for (let step = 0; step < steps; step++) appendFileSync(path, line(step))
        rmSync(path)
      },
    },
    settings.writing,
  )
  run.logMetrics(row(1), 'train')
  if (readFileSync(join(run.logDir, 'metrics/train.json'), 'utf8') !== line(1))
    throw new Error('the two wrote different lines: they did not do the same work')
  run.finish()
  const estimate = ratio(times.each, times.ours)
  say(`${name}: opening the file at every line / logMetrics: ${estimateText(estimate)}`)
  const lines = (values: readonly number[]): number => 1e6 / median(values)
  const against = `opening the file at every line, ${name}`
  report('run-folder', { figure: against, value: lines(times.each), unit: 'lines/s CPU' })
  report('run-folder', {
    figure: `logMetrics, ${name}`,
    value: lines(times.ours),
    unit: 'lines/s CPU',
    ratio: estimate.value,
    against,
    ...(bar !== undefined && { bar: atLeast(bar, 'x', estimate.value) }),
  })
}

interface Found {
  readonly units: number
  readonly n: number
  readonly loss: number
  readonly best: number
}

/** Of the runs that are complete, with a low rate: by width, how many, their mean last loss, their least loss. */
function throughReader(): Found[] {
  return openRuns(runs)
    .filter("info.status == 'COMPLETE' & config.optimizer.lr <= 1e-2")
    .groupBy('config.model.num_units')
    .aggregate({ n: count(), loss: mean('train.loss.last'), best: min('train.loss.min') })
    .rows.map(([units, n, loss, best]) => ({ units, n, loss, best }) as Found)
}

/** The same, for this question only, with what a program must have to read such files. */
function bare(): Found[] {
  const groups = new Map<number, { last: number; least: number }[]>()
  for (const id of readdirSync(runs).toSorted((a, b) => Number(a) - Number(b))) {
    if (id.startsWith('.')) continue
    const yaml = (name: string): unknown =>
      load(readFileSync(join(runs, id, 'metadata', `${name}.yaml`), 'utf8'))
    const { status } = yaml('info') as { status: string }
    const { optimizer, model } = yaml('config') as { optimizer: { lr: number }; model: { num_units: number } }
    if (status !== 'COMPLETE' || optimizer.lr > 1e-2) continue
    const lines = readFileSync(join(runs, id, 'metrics/train.json'), 'utf8').split('\n')
    let last = NaN
    let least = Infinity
    for (const line of lines) {
      if (line === '') continue
      const { loss } = JSON.parse(line) as { loss: number }
      last = loss
      if (loss < least) least = loss
    }
    const group = groups.get(model.num_units) ?? []
    groups.set(model.num_units, group)
    group.push({ last, least })
  }
  return Array.from(groups, ([units, group]) => ({
    units,
    n: group.length,
    loss: group.reduce((sum, { last }) => sum + last, 0) / group.length,
    best: Math.min(...group.map(({ least }) => least)),
  }))
}

async function measureReading(): Promise<void> {
  const index = join(runs, '.trainyard-index.json')
  const results: Record<string, Found[]> = {}
  const open = async (name: string): Promise<void> => {
    results[name] = throughReader()
    // The index is written when the question is answered.
    await setImmediate()
  }
  const times = await interleave(
    {
      async first() {
        rmSync(index, { force: true })
        await open('first')
      },
      second: () => open('second'),
      bare: () => void (results['bare'] = bare()),
    },
    settings.reading,
  )
  for (const name of ['first', 'second'])
    if (JSON.stringify(results[name]) !== JSON.stringify(results['bare']))
      throw new Error(`the ${name} opening came to another result than js-yaml and JSON.parse`)
  const milliseconds = (values: readonly number[]): number => median(values) / 1000
  const first = ratio(times.first, times.bare)
  const second = ratio(times.second, times.first)
  say(`first opening / js-yaml and JSON.parse: ${estimateText(first)}`)
  say(`second opening / first: ${estimateText(second)}`)
  const { bars } = settings
  const unit = 'ms CPU'
  report('run-folder', { figure: 'js-yaml and JSON.parse', value: milliseconds(times.bare), unit })
  report('run-folder', {
    figure: 'first opening, filter and group-by',
    value: milliseconds(times.first),
    unit,
    ratio: first.value,
    against: 'js-yaml and JSON.parse',
    bar: atMost(bars.first, 'x', first.value),
  })
  report('run-folder', {
    figure: 'second opening',
    value: milliseconds(times.second),
    unit,
    ratio: second.value,
    against: 'first opening',
    bar: atMost(bars.second, 'x', second.value),
  })
}

async function measureListing(): Promise<void> {
  const list = (): number => openRuns(many).select('id', 'status', 'config.optimizer.lr').rows.length
  if (list() !== settings.manyRuns) throw new Error('not all runs were listed')
  await setImmediate()
  const walls: number[] = []
  const { list: times } = await interleave(
    {
      list() {
        const start = performance.now()
        list()
        walls.push(performance.now() - start)
      },
    },
    settings.listing,
  )
  const value = median(walls)
  say(
    `listing ${settings.manyRuns} runs: ${value.toFixed(0)} ms, ${(median(times) / 1000).toFixed(0)} ms of CPU time`,
  )
  report('run-folder', {
    figure: `listing ${settings.manyRuns} runs, warm`,
    value,
    unit: 'ms',
    bar: below(settings.bars.list, 'ms', value),
  })
}

/** Writes runs as a logger leaves them, without the time that it takes to make each one durable. */
function writeRuns(parent: string, howMany: number, lines: number): void {
  for (let id = 1; id <= howMany; id++) {
    const directory = join(parent, String(id))
    mkdirSync(join(directory, 'metadata'), { recursive: true })
    mkdirSync(join(directory, 'metrics/.keys'), { recursive: true })
    const write = (path: string, text: string): void => writeFileSync(join(directory, path), text)
    const lr = 10 ** -(1 + (id % 4))
    const units = 64 * (1 + (id % 3))
    write(
      'metadata/config.yaml',
      `seed: ${id % 5}\nnum_epoch: 10\nmodel:\n  num_units: ${units}\n  activation: relu\ndata:\n  d_int: 10\n  device: cpu\noptimizer:\n  name: adam\n  lr: ${lr}\n  betas: [0.9, 0.999]\n`,
    )
    write(
      'metadata/info.yaml',
      `executable: /usr/bin/node\ncmd: ''\nend_date: 20/04/2023\nend_time: '16:01:13'\ncurrent_file_path: /home/someone/project/main.js\nlog_dir: /home/someone/project/logs/${id}\nlog_id: ${id}\nprocess_id: 7100\nstart_date: 20/04/2023\nstart_time: '16:01:13'\nstatus: ${id % 10 === 0 ? 'FAILED' : 'COMPLETE'}\nuser: someone\nwork_dir: /home/someone/project\nhostname: machine\n`,
    )
    let text = ''
    for (let step = 0; step < lines; step++) text += rows['six numbers'].line(step + id)
    write('metrics/train.json', text)
    write('metrics/.keys/metrics.yaml', "train.loss: ''\n")
  }
}

function atLeast(limit: number, unit: string, value: number): Bar {
  return { text: `>= ${limit} ${unit}`, met: value >= limit }
}

function atMost(limit: number, unit: string, value: number): Bar {
  return { text: `<= ${limit} ${unit}`, met: value <= limit }
}
