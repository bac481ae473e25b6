// A program that writes a run, and ends in the way that its first argument says.
import { writeSync } from 'node:fs'
import { Trainer } from '@trainyard/core'
import { ExperimentLogger, RunFolderLogger, RunLogger } from '@trainyard/run-folder'
import { numbers, ToyModule } from './toy.ts'

const [, , end, parentLogDir] = process.argv as string[] as [string, string, string, string]

// Without a buffer: what has been said stays said when the process is killed.
const say = (text: string): number => writeSync(1, `${text}\n`)

const openRun = (logStreamsToFile = false): RunLogger => new RunLogger({ parentLogDir, logStreamsToFile })

/** Lets the process wait for a signal. */
const wait = (): unknown => setInterval(() => {}, 1000)

const ends: Readonly<Record<string, () => unknown>> = {
  number() {
    const run = new RunLogger({ parentLogDir })
    run.logMetrics({ loss: 1 }, 'train')
    say(String(run.logId))
  },
  again() {
    const run = new RunLogger({ parentLogDir, forcedLogId: 1 })
    say(`opened ${run.logId}`)
    wait()
  },
  rows() {
    const run = new RunLogger({ parentLogDir })
    for (let row = 1; ; row++) {
      run.logMetrics({ row, loss: 1 / row, text: 'x'.repeat(row % 500) }, 'train')
      say(String(row))
    }
  },
  async checkpoints() {
    const run = new RunLogger({ parentLogDir })
    const weights = new Float32Array(50_000)
    for (let step = 1; ; step++) {
      run.logMetrics({ step }, 'train')
      await run.logCheckpoint({ step, weights: weights.fill(step) })
      say(String(step))
    }
  },
  error() {
    openRun(true)
    console.log('hello')
    console.error('careful')
    throw new Error('it broke')
  },
  exit() {
    openRun()
    process.exit(3)
  },
  signal() {
    openRun()
    say('ready')
    wait()
  },
  async trainer() {
    const run = new RunLogger({ parentLogDir })
    const trainer = new Trainer({
      module: new ToyModule(),
      data: numbers,
      maxTime: { minutes: 5 },
      callbacks: [new RunFolderLogger({ stepFreq: 1 }), { onActionStart: () => void say('ready') }],
    })
    run.setup(trainer)
    say((await trainer.train()).reason)
  },
  async experiment() {
    const experiment = new ExperimentLogger({ dir: parentLogDir, name: 'first' })
    const trainer = new Trainer({ module: new ToyModule(), data: numbers, maxEpochs: 1 })
    await experiment.setup(trainer)
    console.log('on with it')
    console.warn('mind this')
    throw new Error('it broke')
  },
}

await ends[end]!()
