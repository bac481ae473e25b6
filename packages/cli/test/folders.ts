import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { writeCheckpoint } from '@trainyard/checkpointer'
import { afterAll } from 'vitest'

const made: string[] = []

afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** Makes a folder that is deleted after the tests. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-cli-'))
  made.push(folder)
  return folder
}

export function writeFile(text: string, ...path: string[]): void {
  mkdirSync(dirname(join(...path)), { recursive: true })
  writeFileSync(join(...path), text)
}

/** What a run is to be. Times are in seconds. */
export interface FakeRun {
  readonly config?: unknown
  readonly info?: Readonly<Record<string, unknown>>
  readonly meta?: unknown
  readonly status?: string
  /** How long ago it was started. */
  readonly age?: number
  readonly took?: number
  /** By the name of their file; texts stand as they are. */
  readonly metrics?: Readonly<Record<string, readonly (Readonly<Record<string, unknown>> | string)[]>>
}

/** Writes the folder of a run as a logger leaves it, but with times of our own. */
export function writeRun(logs: string, id: number | string, run: FakeRun = {}): string {
  const { config = {}, status = 'COMPLETE', age = 3600, took = 60, info, meta, metrics = {} } = run
  const folder = join(logs, String(id))
  const start = Date.now() - age * 1000
  const allInfo = {
    executable: '/usr/bin/node',
    current_file_path: '/home/ada/train.js',
    work_dir: '/home/ada',
    hostname: 'gpu17',
    arguments: [],
    log_id: id,
    log_dir: folder,
    status,
    started_at: new Date(start).toISOString(),
    ...(status !== 'RUNNING' && { ended_at: new Date(start + took * 1000).toISOString() }),
    ...info,
  }
  // JSON is YAML.
  writeFile(JSON.stringify(config), folder, 'metadata/config.yaml')
  writeFile(JSON.stringify(allInfo), folder, 'metadata/info.yaml')
  if (meta !== undefined) writeFile(JSON.stringify(meta), folder, 'metadata/meta.yaml')
  for (const [name, rows] of Object.entries(metrics)) {
    const lines = rows.map((row) => (typeof row === 'string' ? row : `${JSON.stringify(row)}\n`))
    writeFile(lines.join(''), folder, 'metrics', `${name}.json`)
  }
  return folder
}

/** Writes four runs over two rates and two seeds, and one that failed. */
export function writeRuns(logs: string = newFolder()): string {
  let id = 0
  for (const lr of [0.1, 0.001])
    for (const seed of [0, 1]) {
      id++
      writeRun(logs, id, {
        config: { optimizer: { lr, name: 'adam' }, seed },
        age: (6 - id) * 3600,
        took: 600 + id,
        metrics: {
          train: [1, 2, 3, 4].map((step) => ({ step, loss: lr / step + seed, acc: step / (4 + seed) })),
          val: [{ step: 4, val_loss: lr + seed }],
        },
      })
    }
  writeRun(logs, 5, {
    config: { optimizer: { lr: 0.1, name: 'sgd' }, seed: 0 },
    status: 'FAILED',
    age: 5400,
    took: 3,
    info: { error: 'Error: the loss is NaN\n    at train.js:12' },
    meta: { tags: ['odd'] },
    metrics: { train: [{ step: 1, loss: 0.5 }, '{"step": 2, "loss": NaN}\n'] },
  })
  return logs
}

/** Writes checkpoints after these steps into a run's folder. */
export async function writeCheckpoints(run: string, steps: readonly number[]): Promise<string> {
  const folder = join(run, 'checkpoints')
  for (const step of steps)
    await writeCheckpoint(join(folder, `step=${step}`), {
      module: { weights: { kernel: { shape: [2], data: Float32Array.of(step, -step) } } },
      trainer: { step, epoch: 0, batch: step },
    })
  return folder
}
