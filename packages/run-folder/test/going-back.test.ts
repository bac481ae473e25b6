import { appendFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { readYaml, RunLogger } from '@trainyard/run-folder'
import { describe, expect, test } from 'vitest'
import { filesIn, info, linesOf, newFolder, read } from './folders.ts'

describe('going back to a run', () => {
  test('an id that does not exist is an error, unless it is to be made', () => {
    const parentLogDir = newFolder()
    new RunLogger({ parentLogDir }).finish()
    expect(() => new RunLogger({ parentLogDir, forcedLogId: 11 })).toThrow(
      `[run-folder] there is no run 11 in "${parentLogDir}" (there are 1, up to 1); correct \`forcedLogId\`, or set \`createIfMissing: true\``,
    )
    const made = new RunLogger({ parentLogDir, forcedLogId: 11, createIfMissing: true })
    expect(made.logId).toBe(11)
    made.finish()
    expect(() => new RunLogger({ parentLogDir, forcedLogId: 1.5 })).toThrow(
      "`forcedLogId` must be a run's number",
    )
  })

  test('keeps the first start and config, and records the resume', () => {
    const parentLogDir = newFolder()
    const first = new RunLogger({ parentLogDir, config: { lr: 0.1 } })
    first.finish('FAILED', new Error('the first time'))
    const before = info(first)
    const again = new RunLogger({ parentLogDir, forcedLogId: 1, config: { lr: 0.5 } })
    expect(again.isResumed).toBe(true)
    expect(again.config).toEqual({ lr: 0.1 })
    expect(info(again)).toMatchObject({ status: 'RUNNING', end_date: '' })
    again.finish()
    const { error: _, ended_at: __, ...kept } = before
    expect(info(again)).toMatchObject({
      ...kept,
      status: 'COMPLETE',
      end_time: expect.any(String) as unknown,
      resumes: [{ process_id: process.pid, config: { lr: 0.5 } }],
    })
    expect(info(again)).not.toHaveProperty('error')
    expect(readYaml(join(first.logDir, 'metadata/config.yaml'))).toEqual({ lr: 0.1 })
  })

  test('takes metrics back to where the checkpoint was saved, so that no row is there twice', async () => {
    const parentLogDir = newFolder()
    const first = new RunLogger({ parentLogDir })
    for (let epoch = 0; epoch < 3; epoch++) {
      first.logMetrics({ epoch }, 'train')
      await first.logCheckpoint({ epoch, weights: Float32Array.of(epoch, 0.5) })
    }
    first.logMetrics({ epoch: 3 }, 'train')
    first.logMetrics({ late: 1 }, 'test')
    first.finish()
    const again = new RunLogger({ parentLogDir, forcedLogId: 1 })
    expect(await again.loadCheckpoint()).toEqual({ epoch: 2, weights: Float32Array.of(2, 0.5) })
    expect(linesOf(first.logDir, 'train')).toHaveLength(4)
    again.logMetrics({ epoch: 3, second: true }, 'train')
    // A look at a checkpoint later on changes nothing.
    await again.loadCheckpoint()
    again.logMetrics({ epoch: 4 }, 'train')
    again.finish()
    expect(linesOf(first.logDir, 'train')).toEqual([
      '{"epoch": 0}',
      '{"epoch": 1}',
      '{"epoch": 2}',
      '{"epoch": 3, "second": true}',
      '{"epoch": 4}',
    ])
    expect(read(first.logDir, 'metrics/test.json')).toBe('')
    const third = new RunLogger({ parentLogDir, forcedLogId: 1 })
    await third.loadCheckpoint('last_ckpt', { rewind: false })
    third.logMetrics({ epoch: 5 }, 'train')
    third.finish()
    expect(linesOf(first.logDir, 'train')).toHaveLength(6)
  })

  test('mends a last line that was torn: a row gets its line break, the rest of one goes', () => {
    const parentLogDir = newFolder()
    const first = new RunLogger({ parentLogDir })
    first.logMetrics({ a: 1 }, 'whole')
    first.logMetrics({ a: 1 }, 'torn')
    first.finish()
    appendFileSync(join(first.logDir, 'metrics/whole.json'), '{"a": NaN}')
    appendFileSync(join(first.logDir, 'metrics/torn.json'), `{"a": 2, "b": "${'x'.repeat(3 << 20)}`)
    const again = new RunLogger({ parentLogDir, forcedLogId: 1 })
    for (const log of ['whole', 'torn']) again.logMetrics({ a: 3 }, log)
    again.finish()
    expect(linesOf(first.logDir, 'whole')).toEqual(['{"a": 1}', '{"a": NaN}', '{"a": 3}'])
    expect(linesOf(first.logDir, 'torn')).toEqual(['{"a": 1}', '{"a": 3}'])
  })

  test('a run that is being written is refused, unless it is to be taken over; then the first writer stops', () => {
    const parentLogDir = newFolder()
    const first = new RunLogger({ parentLogDir })
    first.logMetrics({ a: 1 }, 'train')
    expect(() => new RunLogger({ parentLogDir, forcedLogId: 1 })).toThrow(
      `process ${process.pid} on ${hostname()} is writing the run`,
    )
    const second = new RunLogger({ parentLogDir, forcedLogId: 1, takeOver: true })
    second.logMetrics({ a: 2 }, 'train')
    first.finish()
    expect(info(second)).toMatchObject({ status: 'RUNNING' })
    expect(() => new RunLogger({ parentLogDir, forcedLogId: 1 })).toThrow('is writing the run')
    second.finish()
    expect(linesOf(first.logDir, 'train')).toEqual(['{"a": 1}', '{"a": 2}'])
    expect(filesIn(first.logDir).filter((file) => file.startsWith('.writer'))).toEqual([])
  })

  test('a writer on another machine that has been silent for more than a minute is dead', () => {
    const parentLogDir = newFolder()
    const first = new RunLogger({ parentLogDir })
    first.finish()
    const claim = (heartbeat: number): void =>
      writeFileSync(
        join(first.logDir, '.writer-4'),
        JSON.stringify({
          process_id: 1,
          hostname: 'elsewhere',
          heartbeat: new Date(heartbeat).toISOString(),
        }),
      )
    claim(Date.now() - 20_000)
    expect(() => new RunLogger({ parentLogDir, forcedLogId: 1 })).toThrow('process 1 on elsewhere')
    claim(Date.now() - 70_000)
    const again = new RunLogger({ parentLogDir, forcedLogId: 1 })
    expect(filesIn(first.logDir)[0]).toBe('.writer-5')
    again.finish()
  })
})
