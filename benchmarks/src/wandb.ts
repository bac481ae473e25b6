// What logging to W&B costs the loop: CPU time a logged row and an unlogged step, over the same training without a logger. And how many
// rows arrive, and how soon, at a stand-in for the server in a process of its own; beside @wandb/sdk.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { single, type StepContext, TensorRefs, Trainer, type TrainingModule } from '@trainyard/core'
import { WandbLogger, type WandbLoggerOptions } from '@trainyard/wandb'
import { below, quick, report, say } from './harness/figures.ts'
import { difference, estimateText, interleave, median } from './harness/timing.ts'
import { isStandIn, serve, startStandIn } from './wandb/stand-in-process.ts'

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
    await delivery(logger, server.rows)
  } finally {
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

type MakeLogger = (options: WandbLoggerOptions<'loss'>) => WandbLogger

async function train(steps: number, logger?: WandbLogger): Promise<void> {
  const data = Array.from({ length: steps }, (_, i) => i)
  const callbacks = logger ? [logger] : []
  await new Trainer({ module: new IdleModule(), data, maxEpochs: 1, strategy: single(), callbacks }).train()
}

/** The trainer with a logger of every step, over one with a callback that reads the loss at every step: all that is written, and sent. */
async function loggedRow(logger: MakeLogger): Promise<void> {
  const { steps } = settings.logged
  const times = await interleave(
    {
      none: () => train(steps),
      file: () => train(steps, logger({ mode: 'offline' })),
      server: () => train(steps, logger({})),
    },
    settings.logged,
  )
  const unit = 'µs/row'
  const against = 'training without a logger'
  const toFile = difference(times.file, times.none)
  const toServer = difference(times.server, times.none)
  say(
    `a row to the file: ${estimateText(toFile)} µs of CPU time over ${times.none.length} rounds of ${steps}`,
  )
  say(`a row to the file and to the server: ${estimateText(toServer)} µs`)
  const bar = (value: number) => below(settings.bars.row, 'µs', value)
  report('wandb', { figure: 'logged row', value: toFile.value, unit, against, bar: bar(toFile.value) })
  report('wandb', {
    figure: 'logged row, its delivery included',
    value: toServer.value,
    unit,
    against,
    bar: bar(toServer.value),
  })
}

async function unloggedStep(logger: MakeLogger): Promise<void> {
  const { steps } = settings.unlogged
  const times = await interleave(
    {
      none: () => train(steps),
      logger: () => train(steps, logger({ mode: 'offline', stepFreq: 10 * steps, logEpochs: false })),
    },
    settings.unlogged,
  )
  const cost = difference(times.logger, times.none)
  const ns = 1000 * cost.value
  say(`an unlogged step: ${estimateText(cost)} µs; the step itself ${median(times.none).toFixed(3)} µs`)
  report('wandb', {
    figure: 'unlogged step',
    value: ns,
    unit: 'ns/step',
    against: 'training without a logger',
    bar: below(settings.bars.step, 'ns', ns),
  })
}

async function delivery(logger: MakeLogger, arrived: (id: string) => Promise<number>): Promise<void> {
  const run = async (rows: number, client: 'spool' | 'sdk'): Promise<{ rows: number; perSecond: number }> => {
    const one = logger({ client, logEpochs: false })
    const begin = performance.now()
    await train(rows, one)
    const seconds = (performance.now() - begin) / 1000
    const count = await arrived(one.id)
    say(`${client}: ${count} of ${rows} rows arrived in ${seconds.toFixed(1)} s`)
    return { rows: count, perSecond: count / seconds }
  }
  const { rows, perSecond } = await run(settings.delivered, 'spool')
  report('wandb', { figure: `rows delivered of ${settings.delivered}`, value: rows, unit: 'rows' })
  report('wandb', { figure: 'delivery, training included', value: perSecond, unit: 'rows/s' })
  for (const count of settings.besideSdk) {
    const ours = await run(count, 'spool')
    const theirs = await run(count, 'sdk')
    const against = '@wandb/sdk'
    const figure = `rows delivered of ${count}`
    report('wandb', { figure, value: ours.rows, unit: 'rows', ratio: ours.rows / theirs.rows, against })
    report('wandb', {
      figure: `delivery of ${count} rows`,
      value: ours.perSecond,
      unit: 'rows/s',
      ratio: ours.perSecond / theirs.perSecond,
      against,
    })
  }
}
