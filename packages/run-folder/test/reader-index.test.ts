import { chmodSync, cpSync, existsSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { openRuns, RunLogger } from '@trainyard/run-folder'
import { describe, expect, test } from 'vitest'
import { filesIn, newFolder, read } from './folders.ts'
import { ids, index, writeRuns } from './runs.ts'

describe('the index', () => {
  test('is made beside the runs, follows their changes, and can be deleted', async () => {
    const folder = writeRuns()
    const all = (): unknown =>
      openRuns(folder).select('id', 'status', 'config.seed', 'train.loss.mean', 'train.loss.count').rows
    const first = all()
    await setImmediate()
    expect(existsSync(join(folder, index))).toBe(true)
    expect(all()).toEqual(first)
    const again = new RunLogger({ parentLogDir: folder, forcedLogId: 5 })
    again.logMetrics({ step: 2, loss: 7 }, 'train')
    expect(openRuns(folder).at(4)!.get('train.loss')).toBe(7)
    expect(openRuns(folder).at(4)!.status).toBe('RUNNING')
    await setImmediate()
    // Cut back and grown again, to more than it had.
    again.rewindToStep(['train'], 0)
    for (const loss of [100, 200, 300])
      again.logMetrics({ step: 1, loss, more: 'text that makes it longer' }, 'train')
    again.finish()
    expect(openRuns(folder).at(4)!.get('train.loss.mean')).toBe(200)
    rmSync(join(folder, '2'), { recursive: true })
    expect(ids(openRuns(folder))).toEqual(['1', '3', '4', '5'])
    await setImmediate()
    const known = all()
    rmSync(join(folder, index))
    expect(all()).toEqual(known)
    for (const text of ['', '{"version": 1, "runs": 3}', '[', '{"version": 99, "runs": {}}']) {
      writeFileSync(join(folder, index), text)
      expect(all()).toEqual(known)
    }
  })

  test('reads what was appended, and only that', async () => {
    const folder = newFolder()
    const run = new RunLogger({ parentLogDir: folder })
    for (let step = 1; step <= 9; step++) run.logMetrics({ step, loss: step }, 'train')
    expect(openRuns(folder).at(0)!.get('train.loss.mean')).toBe(5)
    await setImmediate()
    // Not what a logger would do: whoever reads the beginning again sees another number.
    const path = join(run.logDir, 'metrics/train.json')
    writeFileSync(path, read(path).replace('"loss": 1}', '"loss": 7}'))
    run.logMetrics({ step: 10, loss: 15 }, 'train')
    run.finish()
    expect(openRuns(folder).at(0)!.get('train.loss.mean')).toBe(6)
  })

  test('a folder that cannot be written is read all the same, and nothing is left in it', async () => {
    const folder = writeRuns()
    chmodSync(folder, 0o555)
    expect(openRuns(folder).filter('train.loss.min < 0.1').length).toBe(2)
    await setImmediate()
    chmodSync(folder, 0o755)
    expect(filesIn(folder).filter((file) => file.startsWith('.') && file !== index)).toEqual([])
  })

  test('a copy with its own times and places says the same', async () => {
    const folder = writeRuns()
    openRuns(folder).toTable()
    await setImmediate()
    const copy = join(newFolder(), 'copied')
    cpSync(folder, copy, { recursive: true })
    utimesSync(join(copy, '1/metadata/config.yaml'), 0, 0)
    expect(openRuns(copy).toTable()).toEqual(openRuns(folder).toTable())
  })
})
