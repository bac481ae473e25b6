// What logging to W&B costs the loop: CPU time a logged row and an unlogged step, over the same training without a logger. And how many
// rows arrive, and how soon, at a stand-in for the server in a process of its own; beside @wandb/sdk.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Callback,
  onStepEnd,
  ScalarLogger,
  type StepContext,
  TensorRefs,
  Trainer,
  type TrainingModule,
} from '@trainyard/core'
import { WandbLogger, type WandbLoggerOptions } from '@trainyard/wandb'
import { below, quick, report, say } from './harness/figures.ts'
import { difference, estimateText, interleave, median } from './harness/timing.ts'
import { isStandIn, serve, type StandInProcess, startStandIn } from './wandb/stand-in-process.ts'

const settings = {
  logged: { blocks: quick ? 3 : 30, warmUp: quick ? 1 : 3, steps: quick ? 5_000 : 50_000, maxSeconds: 120 },
  unlogged: {
    blocks: quick ? 3 : 40,
    warmUp: quick ? 1 : 5,
    steps: quick ? 50_000 : 1_000_000,
    maxSeconds: 120,
  },
  delivered: quick ? 5_000 : 200_000,
  // As many as @wandb/sdk brings, and more.
  besideSdk: quick ? [500] : [9_000, 25_000],
  outage: quick ? { rows: 100, ms: 300 } : { rows: 2_000, ms: 4_000 }, // a row every 5 ms
  bars: { row: 10, step: 50 }, // µs, ns
}

/** Does next to nothing. */
class IdleModule implements TrainingModule<number, { loss: number }> {
  readonly optimizers = [{ learningRate: 0.1 }]
  readonly #refs = new TensorRefs()
  steps = 0

  trainBatch(batch: number): { outputs: { loss: number }; examples: number } {
    return { outputs: { loss: 1 / (batch + 1) }, examples: 64 }
  }

  optimizerStep({ batches }: StepContext): void {
    this.steps += batches
  }

  tensor(name: 'loss') {
    return this.#refs.get(name)
  }

  getState() {
    return {}
  }

  updateState(): void {}
}

/** Knows what is due when, and writes nothing. */
class IdleLogger extends ScalarLogger {
  protected override logScalars(): void {}
}

if (isStandIn) await serve()
else await measure()

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  const server = await startStandIn()
  const env = { WANDB_API_KEY: 'k'.repeat(40), WANDB_BASE_URL: server.url, WANDB_SILENT: 'true' }
  const logger = (options: WandbLoggerOptions<'loss'>): WandbLogger =>
    new WandbLogger({ stepFreq: 1, dir: folder, env, finishTimeout: { minutes: 2 }, ...options })
  try {
    await loggedRow(logger)
    await unloggedStep(logger)
    await delivery(logger, server)
    await outage(logger, server)
  } finally {
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

type MakeLogger = (options: WandbLoggerOptions<'loss'>) => WandbLogger

async function train(steps: number, ...callbacks: Callback<'loss'>[]): Promise<void> {
  const data = Array.from({ length: steps }, (_, i) => i)
  await new Trainer({ module: new IdleModule(), data, maxEpochs: 1, callbacks }).train()
}

/** A row at every step: all that is written, and sent, besides what any logger of the core costs. */
async function loggedRow(logger: MakeLogger): Promise<void> {
  const { steps } = settings.logged
  const { none, idle, file, server } = await interleave(
    {
      none: () => train(steps),
      idle: () => train(steps, new IdleLogger({ stepFreq: 1 })),
      file: () => train(steps, logger({ mode: 'offline' })),
      server: () => train(steps, logger({})),
    },
    settings.logged,
  )
  const { row } = settings.bars
  const unit = 'µs/row'
  const against = 'training without a logger'
  say(`CPU time in µs a row over ${none.length} rounds of ${steps} rows`)
  for (const [figure, times, isHeld] of [
    ['row of a logger that writes nothing', idle, false],
    ['logged row', file, true],
    ['logged row, and its delivery', server, false],
  ] as const) {
    const cost = difference(times, none)
    say(`${figure.padEnd(36)} ${estimateText(cost)}`)
    const bar = isHeld ? { bar: below(row, 'µs', cost.value) } : {}
    report('wandb', { figure, value: cost.value, unit, against, ...bar })
  }
}

async function unloggedStep(logger: MakeLogger): Promise<void> {
  const { steps } = settings.unlogged
  const never = { stepFreq: 10 * steps, logEpochs: false }
  const { none, idle, wandb } = await interleave(
    {
      none: () => train(steps),
      idle: () => train(steps, new IdleLogger(never)),
      wandb: () => train(steps, logger({ ...never, mode: 'offline' })),
    },
    settings.unlogged,
  )
  const unit = 'ns/step'
  for (const [figure, times, against, isHeld] of [
    ['unlogged step', wandb, ['training without a logger', none], true],
    ['unlogged step, cost over a logger that writes nothing', wandb, ['that logger', idle], false],
  ] as const) {
    const cost = difference(times, against[1])
    const ns = 1000 * cost.value
    say(`${figure}: ${estimateText(cost)} µs; a step takes ${median(none).toFixed(3)} µs`)
    const bar = isHeld ? { bar: below(settings.bars.step, 'ns', ns) } : {}
    report('wandb', { figure, value: ns, unit, against: against[0], ...bar })
  }
}

/** Logs a row at every step, and counts what arrived when training has ended. */
async function deliver(
  server: StandInProcess,
  logger: WandbLogger,
  rows: number,
  ...others: Callback<'loss'>[]
): Promise<{ rows: number; perSecond: number }> {
  const begin = performance.now()
  await train(rows, ...others, logger)
  const seconds = (performance.now() - begin) / 1000
  const count = await server.rows(logger.id)
  say(`${count} of ${rows} rows arrived in ${seconds.toFixed(1)} s`)
  return { rows: count, perSecond: count / seconds }
}

async function delivery(logger: MakeLogger, server: StandInProcess): Promise<void> {
  const run = (client: 'spool' | 'sdk', count: number) =>
    deliver(server, logger({ client, logEpochs: false }), count)
  const all = await run('spool', settings.delivered)
  report('wandb', { figure: `rows delivered of ${settings.delivered}`, value: all.rows, unit: 'rows' })
  report('wandb', { figure: 'delivery, training included', value: all.perSecond, unit: 'rows/s' })
  for (const count of settings.besideSdk) {
    const ours = await run('spool', count)
    const theirs = await run('sdk', count)
    compare(`rows delivered of ${count}`, 'rows', ours.rows, theirs.rows)
    compare(`delivery of ${count} rows`, 'rows/s', ours.perSecond, theirs.perSecond)
  }
}

/** A server that is away for a while in the middle of the run. */
async function outage(logger: MakeLogger, server: StandInProcess): Promise<void> {
  const { rows, ms } = settings.outage
  const leave = (): Callback<'loss'> =>
    onStepEnd((state) => {
      if (state.step === rows / 4) server.leave(ms)
      return new Promise((next) => setTimeout(next, 5))
    })
  const ours = await deliver(server, logger({ logEpochs: false }), rows, leave())
  const theirs = await deliver(server, logger({ client: 'sdk', logEpochs: false }), rows, leave())
  compare(`rows delivered of ${rows}, server away for ${ms / 1000} s`, 'rows', ours.rows, theirs.rows)
}

function compare(figure: string, unit: string, ours: number, theirs: number): void {
  report('wandb', { figure, value: ours, unit, ratio: ours / theirs, against: '@wandb/sdk' })
}
