import fs, { appendFileSync, cpSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { SummaryWriter, type WriterState } from '../src/index.ts'
import { eventFiles, readEvents, readRows, readValues } from './independent-reader.ts'
import { scratch } from './scratch.ts'

/** Adds a point for each of these steps. */
function log(writer: SummaryWriter, from: number, to: number): void {
  for (let step = from; step <= to; step++) {
    writer.addScalar('loss', step / 10, step)
    if (step % 5 === 0) writer.sub('val').addScalar('loss', step, step)
  }
}

/** Opens a run again, in what stands for another process. */
function resumed(logDir: string | undefined, state: WriterState, warnings: string[] = []): SummaryWriter {
  const writer = new SummaryWriter(logDir, { host: { warn: (line) => void warnings.push(line) } })
  writer.updateState(JSON.parse(JSON.stringify(state)) as WriterState)
  return writer
}

const steps = (logDir: string): number[] =>
  readRows(logDir)
    .map(([, step]) => step)
    .toSorted((a, b) => a - b)

const upTo = (last: number): number[] =>
  [
    ...Array.from({ length: last }, (_, i) => i + 1),
    ...Array.from({ length: last / 5 }, (_, i) => 5 * i + 5),
  ].toSorted((a, b) => a - b)

test('killed and resumed twice, a run has each point once', () => {
  const logDir = scratch()
  const first = new SummaryWriter(logDir)
  log(first, 1, 12)
  const at12 = first.getState()
  log(first, 13, 17)
  first.close()
  const second = resumed(logDir, at12)
  log(second, 13, 20)
  const at20 = second.getState()
  log(second, 21, 29)
  second.close()
  // Died before its first checkpoint.
  const third = resumed(logDir, at20)
  log(third, 21, 26)
  third.close()
  const fourth = resumed(logDir, at20)
  log(fourth, 21, 30)
  fourth.close()
  expect(steps(logDir)).toEqual(upTo(30))
  // The attempt without a checkpoint left no file.
  expect(eventFiles(logDir).filter((file) => !file.includes('/val/'))).toHaveLength(3)
})

test('a run may go back further than it went last', () => {
  const logDir = scratch()
  const first = new SummaryWriter(logDir)
  log(first, 1, 5)
  const at5 = first.getState()
  log(first, 6, 10)
  first.close()
  const second = resumed(logDir, first.getState())
  log(second, 11, 20)
  const at20 = second.getState()
  second.close()
  expect(Object.keys(at20.files)).toHaveLength(4)
  const third = resumed(logDir, at5)
  log(third, 6, 10)
  third.close()
  expect(steps(logDir)).toEqual(upTo(10))
})

test('also within one process, with the writer still open', () => {
  const logDir = scratch()
  const writer = new SummaryWriter(logDir)
  log(writer, 1, 5)
  const state = writer.getState()
  log(writer, 6, 9)
  writer.updateState(state)
  log(writer, 6, 10)
  writer.close()
  expect(steps(logDir)).toEqual(upTo(10))
})

test('the new file tells TensorBoard from where on to forget', () => {
  const logDir = scratch()
  const first = new SummaryWriter(logDir)
  log(first, 1, 12)
  const state = first.getState()
  first.close()
  const second = resumed(logDir, state)
  log(second, 13, 13)
  second.close()
  const files = eventFiles(logDir).filter((file) => !file.includes('/val/'))
  expect(readEvents(files[1]!)[1]).toMatchObject({ step: 13, sessionLog: { status: 1 } })
})

test('files of others are left alone', () => {
  const logDir = scratch()
  const other = new SummaryWriter(logDir, { filenameSuffix: '.other' })
  log(other, 1, 5)
  other.close()
  const writer = new SummaryWriter(logDir)
  const state = writer.getState()
  log(writer, 1, 5)
  writer.close()
  const later = new SummaryWriter(logDir, { filenameSuffix: '.other' })
  log(later, 6, 10)
  later.close()
  resumed(logDir, state).close()
  expect(eventFiles(logDir).every((file) => file.endsWith('.other'))).toBe(true)
  expect(steps(logDir)).toEqual(upTo(10))
})

test('what the checkpoint knows and the disk does not is a warning', () => {
  const logDir = scratch()
  const first = new SummaryWriter(logDir)
  log(first, 1, 10)
  const state = first.getState()
  first.close()
  const [main, val] = eventFiles(logDir)
  truncateSync(main!, 100)
  rmSync(val!)
  const warnings: string[] = []
  const second = resumed(logDir, state, warnings)
  log(second, 11, 11)
  second.close()
  expect(warnings).toEqual([
    expect.stringMatching(
      /has 100 bytes, but the checkpoint knows \d+ bytes of it: the curves .* have a gap/,
    ),
    expect.stringMatching(/is not there, but the checkpoint knows/),
  ])
  expect(readRows(logDir).at(-1)).toEqual(['loss', 11, Math.fround(1.1)])
})

test('a run that was moved goes on in its new place, and without a place of its own in the old one', () => {
  const root = scratch()
  const first = new SummaryWriter(join(root, 'old'))
  log(first, 1, 5)
  const state = first.getState()
  first.close()
  const same = resumed(undefined, state)
  expect(same.logDir).toBe(join(root, 'old'))
  renameSync(join(root, 'old'), join(root, 'new'))
  const moved = resumed(join(root, 'new'), state)
  log(moved, 6, 10)
  moved.close()
  expect(steps(join(root, 'new'))).toEqual(upTo(10))
})

test('a state is refused whose paths lead elsewhere, or to other files', () => {
  const logDir = scratch()
  const writer = new SummaryWriter(logDir)
  const stateWith = (path: string) => ({ logDir, run: 'abc', lastStep: 1, files: { [path]: 0 } })
  const own = 'events.out.tfevents.1.host.1.abc'
  expect(() => writer.updateState(stateWith(`../${own}`))).toThrow('must be a relative path that stays')
  expect(() => writer.updateState(stateWith('notes.txt'))).toThrow(
    '"notes.txt" of the state is no event file',
  )
})

test('a second writer on the directory goes on in the new file', () => {
  const logDir = scratch()
  const first = new SummaryWriter(logDir)
  const second = new SummaryWriter(logDir)
  first.addScalar('a', 1, 1)
  second.addScalar('b', 1, 1)
  const state = first.getState()
  first.addScalar('a', 1, 2)
  second.addScalar('b', 1, 2)
  first.updateState(state)
  second.addScalar('b', 2, 2)
  first.addScalar('a', 2, 2)
  second.close()
  first.close()
  expect(eventFiles(logDir)).toHaveLength(2)
  expect(readRows(logDir)).toEqual([
    ['a', 1, 1],
    ['b', 1, 1],
    ['b', 2, 2],
    ['a', 2, 2],
  ])
})

test('a second writer that is closed then does not answer for what the first has cut', () => {
  const logDir = scratch()
  const warnings: string[] = []
  const first = new SummaryWriter(logDir)
  const second = new SummaryWriter(logDir, { host: { warn: (line) => void warnings.push(line) } })
  const state = first.getState()
  first.addScalar('a', 1, 1)
  second.addScalar('b', 1, 1)
  first.updateState(state)
  second.close()
  expect(second.getState().files).toEqual({})
  expect(warnings).toEqual([])
  first.close()
})

test('a purge that the disk refuses is tried again with the next point, for who asks for errors', () => {
  const logDir = scratch()
  const first = new SummaryWriter(logDir)
  log(first, 1, 4)
  first.close()
  const listeners = process.listenerCount('exit')
  let isRefusing = true
  const refusing = {
    ...fs,
    readdirSync: ((...args: Parameters<typeof fs.readdirSync>) => {
      if (isRefusing) throw new Error('EACCES: permission denied')
      return fs.readdirSync(...args)
    }) as typeof fs.readdirSync,
  }
  const second = new SummaryWriter(logDir, { purgeStep: 3, onError: 'throw', host: { fs: refusing } })
  expect(() => second.addScalar('loss', 3, 3)).toThrow('EACCES')
  expect(process.listenerCount('exit')).toBe(listeners)
  isRefusing = false
  second.addScalar('loss', 3, 3)
  second.close()
  expect(readRows(logDir).map(([, step]) => step)).toEqual([1, 2, 3])
})

test('purgeStep takes later values out of all files of the directory, for good', () => {
  const logDir = scratch()
  const first = new SummaryWriter(logDir)
  first.addHparams({ lr: 0.1 })
  log(first, 1, 10)
  first.close()
  const second = new SummaryWriter(logDir)
  // Out of order, so that what is to stay stands behind what is to go.
  for (const step of [9, 3, 11, 4]) second.addScalar('other', step, step)
  second.close()
  // Another process died in the middle of a record.
  appendFileSync(eventFiles(logDir)[1]!, 'torn')
  const third = new SummaryWriter(logDir, { purgeStep: 8 })
  log(third, 8, 10)
  third.close()
  const rows = readRows(logDir).filter(([tag]) => tag === 'loss')
  expect(readRows(logDir).filter(([tag]) => tag === 'other')).toEqual([
    ['other', 3, 3],
    ['other', 4, 4],
  ])
  expect(rows.map(([, step]) => step).toSorted((a, b) => a - b)).toEqual(upTo(10))
  expect(readValues(logDir)[0]!.tag).toBe('_hparams_/session_start_info')
  const last = eventFiles(logDir).findLast((file) => !file.includes('/val/'))!
  expect(readEvents(last)[1]).toMatchObject({ step: 8, sessionLog: { status: 1 } })
})

test('values are purged once, and the start is told once, however often the writer is closed', () => {
  const logDir = scratch()
  const first = new SummaryWriter(logDir)
  log(first, 1, 4)
  first.close()
  const second = new SummaryWriter(logDir, { purgeStep: 3 })
  for (const step of [3, 4]) {
    second.addScalar('loss', step, step)
    second.close()
  }
  expect(readRows(logDir).map(([, step]) => step)).toEqual([1, 2, 3, 4])
  const starts = eventFiles(logDir)
    .flatMap(readEvents)
    .filter(({ sessionLog }) => sessionLog)
  expect(starts.map(({ step }) => step)).toEqual([0, 3])
})

test('purgeStep leaves a damaged file as it is', () => {
  const logDir = scratch()
  const first = new SummaryWriter(logDir)
  log(first, 1, 4)
  first.close()
  const [file] = eventFiles(logDir)
  cpSync(file!, `${logDir}/copy`)
  truncateSync(file!, 200)
  appendFileSync(file!, new Uint8Array(100))
  const warnings: string[] = []
  const second = new SummaryWriter(logDir, {
    purgeStep: 2,
    host: { warn: (line) => void warnings.push(line) },
  })
  second.addScalar('loss', 1, 2)
  second.close()
  expect(warnings).toEqual([expect.stringMatching(/is damaged.*; the file stays as it is$/)])
  expect(statSync(file!).size).toBe(300)
})

test('a writer without a directory makes one with the time in its name', () => {
  const root = scratch()
  const now = (): number => new Date(2026, 10, 22, 5, 4, 9).getTime()
  const writer = new SummaryWriter(undefined, { comment: '_lr=0.1', host: { now } })
  expect(basename(writer.logDir)).toMatch(/^Nov22_05-04-09_.+_lr=0\.1$/)
  const other = new SummaryWriter()
  other.useLogDir(join(root, 'a'))
  other.useLogDir(join(root, 'b'))
  expect(other.logDir).toBe(join(root, 'a'))
})
