import fs, { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { type FileSystem, SummaryWriter, type SummaryWriterOptions } from '../src/index.ts'
import { eventFiles, readEvents, readRows, readValues } from './independent-reader.ts'
import { scratch } from './scratch.ts'

/** A disk with so much room; what is more is refused in the middle of a write. */
class SmallDisk {
  room: number
  readonly fs: FileSystem

  constructor(room: number) {
    this.room = room
    const used = new Map<number, number>()
    this.fs = {
      ...fs,
      writeSync: ((fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
        const before = [...used.values()].reduce((sum, size) => sum + size, 0)
        const fits = Math.min(length, this.room - before)
        if (fits <= 0) throw new Error('ENOSPC: no space left on device, write')
        used.set(fd, Math.max(used.get(fd) ?? 0, position + fits))
        return fs.writeSync(fd, bytes, offset, fits, position)
      }) as FileSystem['writeSync'],
      ftruncateSync: (fd, size) => {
        used.set(fd, size ?? 0)
        fs.ftruncateSync(fd, size)
      },
    }
  }
}

/** Makes a writer whose warnings are kept. */
function setUp(options: SummaryWriterOptions = {}) {
  const logDir = scratch()
  const warnings: string[] = []
  const host = { warn: (line: string) => void warnings.push(line), ...options.host }
  const writer = new SummaryWriter(logDir, { ...options, host })
  return { logDir, warnings, writer }
}

test('a full disk is a warning; the events are kept, and written when there is room again', () => {
  const disk = new SmallDisk(300)
  const { logDir, warnings, writer } = setUp({ host: { fs: disk.fs } })
  for (let step = 1; step <= 10; step++) {
    writer.addScalar('loss', step, step)
    writer.flush()
  }
  expect(warnings).toEqual([expect.stringMatching(/cannot write .*tfevents.*: ENOSPC: no space left/)])
  // What is on the disk is whole.
  expect(readRows(logDir).length).toBeLessThan(10)
  disk.room = 1e6
  writer.close()
  expect(warnings.slice(1)).toEqual([expect.stringMatching(/is written again$/)])
  expect(readRows(logDir).map(([, step]) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test('a disk that stays full costs the events that do not fit, and 16 MiB of memory', () => {
  const disk = new SmallDisk(300)
  const { logDir, warnings, writer } = setUp({ host: { fs: disk.fs } })
  const text = 'x'.repeat(1 << 20)
  for (let step = 1; step <= 30; step++) writer.addText('note', text, step)
  disk.room = 1e9
  writer.flush()
  expect(warnings.at(-1)).toMatch(/is written again; \d+ events are lost$/)
  const lost = Number(/(\d+) events/.exec(warnings.at(-1)!)![1])
  expect(lost).toBeGreaterThan(10)
  expect(readValues(logDir)).toHaveLength(30 - lost)
  disk.room = 300
  writer.addScalar('loss', 1, 31)
  writer.close()
  expect(warnings.at(-1)).toMatch(/^\[tensorboard-plugin-writer\] 1 events of .* are lost$/)
})

test('a full disk is an error for who asks for it', () => {
  const disk = new SmallDisk(200)
  const { writer } = setUp({ onError: 'throw', host: { fs: disk.fs } })
  for (let step = 1; step <= 10; step++) writer.addScalar('loss', step, step)
  expect(() => writer.flush()).toThrow('[tensorboard-plugin-writer] cannot write')
  expect(() => writer.close()).toThrow('ENOSPC')
})

test('an error that nobody was there to catch is thrown by the next call', async () => {
  const { writer } = setUp({ onError: 'throw', flushSecs: 0.01, host: { fs: new SmallDisk(0).fs } })
  writer.addScalar('loss', 1, 1)
  await vi.waitFor(() => expect(() => writer.addScalar('loss', 1, 2)).toThrow('ENOSPC'), { timeout: 30_000 })
  expect(() => writer.close()).toThrow('ENOSPC')
})

test('the kernel’s own full disk is no different', { skip: process.platform !== 'linux' }, () => {
  const full = { ...fs, openSync: () => fs.openSync('/dev/full', 'r+') }
  const { warnings, writer } = setUp({ host: { fs: full } })
  writer.addScalar('loss', 1, 1)
  writer.flush()
  expect(warnings[0]).toMatch(/ENOSPC.*Events are kept in memory/)
})

test('a directory that cannot be made, or written to, is a warning, and tried again', () => {
  const { logDir, warnings, writer } = setUp()
  const blocked = join(logDir, 'file')
  writeFileSync(blocked, '')
  const val = writer.sub('file/val')
  val.addScalar('loss', 1, 1)
  writer.flush()
  expect(warnings).toEqual([expect.stringMatching(/cannot write .*file\/val: (ENOTDIR|EEXIST)/)])
  fs.rmSync(blocked)
  writer.close()
  expect(readRows(logDir)).toEqual([['loss', 1, 1]])

  let isReadOnly = true
  const readOnly = {
    ...fs,
    openSync: ((...args: Parameters<typeof fs.openSync>) => {
      if (isReadOnly) throw new Error('EROFS: read-only file system')
      return fs.openSync(...args)
    }) as FileSystem['openSync'],
  }
  const other = setUp({ host: { fs: readOnly } })
  other.writer.addScalar('loss', 1, 1)
  other.writer.open()
  expect(other.warnings).toEqual([expect.stringMatching(/EROFS/)])
  isReadOnly = false
  other.writer.close()
  expect(readRows(other.logDir)).toEqual([['loss', 1, 1]])
})

test('two writers on one directory share its file, under any name of the directory', () => {
  const logDir = scratch()
  mkdirSync(join(logDir, 'run'))
  fs.symlinkSync(join(logDir, 'run'), join(logDir, 'link'))
  const first = new SummaryWriter(join(logDir, 'run'))
  const second = new SummaryWriter(join(logDir, 'link'))
  first.addScalar('a', 1, 1)
  second.addScalar('b', 2, 1)
  first.close()
  second.addScalar('b', 3, 2)
  second.close()
  expect(readdirSync(join(logDir, 'run'))).toHaveLength(1)
  expect(readRows(join(logDir, 'run'))).toEqual([
    ['a', 1, 1],
    ['b', 1, 2],
    ['b', 2, 3],
  ])
})

test('a file that was there is not touched, and the new one sorts behind it', () => {
  const { logDir, writer } = setUp({ host: { now: () => 1_000_000_000_000 } })
  // Of a clock that was ahead.
  const old = join(logDir, 'events.out.tfevents.2000000000.host.1.0')
  writeFileSync(old, '')
  writer.addScalar('loss', 1, 1)
  writer.close()
  const files = eventFiles(logDir)
  expect(files).toEqual([old, expect.stringContaining('events.out.tfevents.2000000001.')])
  expect(fs.statSync(old).size).toBe(0)
})

test('times never go back, whatever the clock does', () => {
  let now = 0
  const { logDir, writer } = setUp({ host: { now: () => now } })
  for (const [i, seconds] of [100, 200, 50, 60, 300, 1e9, 400].entries()) {
    now = seconds * 1000
    writer.addScalar('loss', 1, i)
  }
  writer.addScalar('loss', 1, 7, { wallTime: 7 })
  writer.close()
  const times = readEvents(eventFiles(logDir)[0]!).filter(({ summary }) => summary)
  expect(times.map(({ wallTime }) => wallTime)).toEqual([100, 200, 200, 200, 300, 1e9, 1e9, 7])
})

test('a tag may be anything; an empty one gets a name', () => {
  const { logDir, warnings, writer } = setUp()
  const tags = ['a b', 'a/b/c', '/a', 'Grüße 🚂', '..', 'a\nb', '__proto__', '\u0000']
  for (const tag of tags) writer.addScalar(tag, 1, 1)
  for (const step of [1, 2]) writer.addScalar('', 2, step)
  writer.addText('', 'text', 3)
  writer.close()
  const untitled = ['untitled', 'untitled', 'untitled']
  expect(readValues(logDir).map(({ tag }) => tag)).toEqual([...tags, ...untitled])
  expect(warnings).toEqual(['[tensorboard-plugin-writer] a tag is empty; it is written as "untitled"'])
})

test('steps that go back are written as they come, with one warning', () => {
  const { logDir, warnings, writer } = setUp()
  const steps = [1, 5, 5, 3, 4, 2, -7]
  for (const step of steps) writer.addScalar('loss', step, step)
  writer.addScalar('other', 1, 1)
  writer.close()
  expect(readRows(logDir).slice(0, -1)).toEqual(steps.map((step) => ['loss', step, step]))
  expect(warnings).toEqual([
    '[tensorboard-plugin-writer] "loss" goes back from step 5 to 3: TensorBoard may show only what comes after',
  ])
})

test('a histogram without a finite value is left out, with one warning a tag', () => {
  const { logDir, warnings, writer } = setUp()
  writer.addHistogram('weights', [Number.NaN, Infinity], 3)
  writer.addHistogram('weights', [], 4)
  writer.addHistogram('gradients', [], 4)
  writer.addHistogram('weights', [0], 5)
  writer.close()
  expect(readValues(logDir).map(({ step }) => step)).toEqual([5])
  expect(warnings).toEqual([
    expect.stringMatching(/histogram "weights" has no finite values at step 3; it is left out/),
    expect.stringMatching(/histogram "gradients" has/),
  ])
})

test('events get to the disk by themselves, one by one or in bulk', async () => {
  const { logDir, writer } = setUp({ flushSecs: 0.02 })
  writer.addScalar('loss', 1, 1)
  await vi.waitFor(() => expect(readRows(logDir)).toHaveLength(1), { timeout: 30_000 })
  for (let step = 2; step <= 5000; step++) writer.addScalar('loss', 1, step)
  // Without a turn of the event loop: the buffer is full.
  expect(readRows(logDir).length).toBeGreaterThan(2000)
  writer.close()
  expect(readRows(logDir)).toHaveLength(5000)
})

test('a program without a pause flushes by the clock, and not at each event after that', () => {
  let time = 1e12
  let writes = 0
  const counting = {
    ...fs,
    writeSync: ((...args: Parameters<typeof fs.writeSync>) => {
      writes += 1
      return fs.writeSync(...args)
    }) as FileSystem['writeSync'],
  }
  const { logDir, writer } = setUp({ host: { now: () => time, fs: counting } })
  writer.addScalar('loss', 1, 1)
  time += 1500
  writer.addScalar('loss', 1, 2)
  expect(readRows(logDir)).toHaveLength(2)
  const before = writes
  for (let step = 3; step <= 100; step++) {
    time += 100
    writer.addScalar('loss', 1, step, step % 2 === 0 ? { wallTime: step } : {})
  }
  expect(writes - before).toBeLessThanOrEqual(10)
  writer.close()
  expect(readRows(logDir)).toHaveLength(100)
})
