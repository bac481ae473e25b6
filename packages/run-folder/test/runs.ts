import { RunLogger } from '@trainyard/run-folder'
import { newFolder } from './folders.ts'

export interface Config {
  readonly optimizer: { readonly lr: number; readonly name: string }
  readonly seed: number
}

/** The name of the Reader's index. */
export const index = '.trainyard-index.json'

/** Writes runs over two rates and two seeds, and one that failed. */
export function writeRuns(parentLogDir = newFolder()): string {
  for (const lr of [0.1, 0.001])
    for (const seed of [0, 1]) {
      const run = new RunLogger({ parentLogDir, config: { optimizer: { lr, name: 'adam' }, seed } })
      for (let step = 1; step <= 4; step++)
        run.logMetrics({ step, loss: lr / step + seed, acc: step === 2 ? undefined : step / 4 }, 'train')
      run.logMetrics({ step: 4, val_loss: lr + seed }, 'val')
      run.finish()
    }
  const failed = new RunLogger({
    parentLogDir,
    config: { optimizer: { lr: 0.1, name: 'sgd' }, seed: 0 },
    tags: ['odd'],
  })
  failed.logMetrics({ step: 1, loss: NaN }, 'train')
  failed.finish('FAILED', new Error('NaN'))
  return parentLogDir
}

export const ids = (runs: Iterable<{ id: string }>): string[] => Array.from(runs, ({ id }) => id)
