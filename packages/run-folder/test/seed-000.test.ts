import { join } from 'node:path'
import { readdirSync } from 'node:fs'
import { openRuns } from '@trainyard/run-folder'
import { beforeAll, expect, test } from 'vitest'
import { newFolder } from './folders.ts'
import { bundleWorker, type Ended, runProcess } from './processes.ts'

let worker: string

beforeAll(async () => {
  worker = await bundleWorker('seed-000-worker')
})

/** Runs the program in a folder, and kills it when it has come to a step. */
function start(folder: string, killAt?: number): Promise<Ended> {
  return runProcess(
    worker,
    [],
    (stdout, child) => void (killAt && stdout.includes(`step ${killAt}\n`) && child.kill('SIGKILL')),
    folder,
  )
}

/** What a program leaves: its rows, without the times, and the names of its checkpoints. */
function leftIn(folder: string): unknown {
  const [run] = openRuns(join(folder, 'my_logging_dir'))
  return {
    id: run!.id,
    status: run!.status,
    rows: run!.rows('train').map(({ time: _time, ...row }) => row),
    epochs: run!.values('epoch.epoch'),
    checkpoints: readdirSync(join(folder, 'my_model_directory')).toSorted(),
  }
}

test(
  'the example of the seed, killed twice and resumed, leaves what an unbroken run leaves',
  { timeout: 120_000 },
  async () => {
    const [whole, broken] = [newFolder(), newFolder()]
    const straight = await start(whole)
    expect(straight).toMatchObject({ code: 0, stderr: '' })
    for (const step of [17, 100]) expect((await start(broken, step)).signal).toBe('SIGKILL')
    const last = await start(broken)
    expect(last).toMatchObject({ code: 0, stderr: '' })
    expect(last.stdout).toContain('going on from')
    const weights = /^weights .*$/m
    expect(weights.exec(last.stdout)?.[0]).toBe(weights.exec(straight.stdout)![0])
    expect(leftIn(broken)).toEqual(leftIn(whole))
    expect(leftIn(whole)).toMatchObject({
      id: 'experiment1',
      status: 'COMPLETE',
      epochs: Array.from({ length: 10 }, (_, i) => i + 1),
    })
  },
)
