import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventFileReader, type LoggedEvent, SummaryWriter } from '../src/index.ts'
import { eventFiles, readRecords, readRows, readValues } from './independent-reader.ts'
import { scratch } from './scratch.ts'

const float = fc.float({ noDefaultInfinity: false, noNaN: false })
const step = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.constant(0), fc.nat(400))
const tag = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 })
const scalars = fc.array(fc.tuple(tag, step, float), { maxLength: 40 })

let directories = 0
/** Writes into a directory of its own, one for each case. */
function write(root: string, add: (writer: SummaryWriter) => void): string {
  const logDir = join(root, String(directories++))
  const writer = new SummaryWriter(logDir, { onError: 'throw', host: { warn: () => {} } })
  add(writer)
  writer.close()
  return logDir
}

test('whatever scalars are written, both readers find these, in their order', () => {
  const root = scratch()
  fc.assert(
    fc.property(scalars, (rows) => {
      const logDir = write(root, (writer) => {
        // The file exists, also without a point.
        writer.open()
        for (const [name, at, value] of rows) writer.addScalar(name, value, at)
      })
      expect(readRows(logDir)).toEqual(rows)
      const own = [...new EventFileReader(eventFiles(logDir)[0]!).read()]
      expect(
        own.flatMap((event) =>
          event.values.map(({ tag: name, data }) => [name, event.step, 'value' in data && data.value]),
        ),
      ).toEqual(rows)
    }),
  )
})

test('a histogram counts every finite value once, in the bucket that it lies in', () => {
  const root = scratch()
  const values = fc.array(fc.oneof(fc.double(), float, fc.integer({ min: -3, max: 3 })), { minLength: 1 })
  const bins = fc.oneof(fc.constant('tensorflow' as const), fc.integer({ min: 1, max: 50 }))
  fc.assert(
    fc.property(values, bins, (numbers, kind) => {
      const finite = numbers.filter(Number.isFinite)
      // Sums and limits must stay finite, too.
      fc.pre(finite.every((value) => Math.abs(value) < 1e150))
      const logDir = write(root, (writer) => writer.addHistogram('h', numbers, 1, { bins: kind }))
      const [value] = finite.length === 0 ? [] : readValues(logDir)
      if (!value) return
      const { bucketLimit, bucket, min, max, num } = value.histo!
      expect([min, max, num]).toEqual([Math.min(...finite), Math.max(...finite), finite.length])
      expect(bucketLimit).toEqual(bucketLimit.toSorted((a, b) => a - b))
      for (const [i, count] of bucket.entries()) {
        const low = bucketLimit[i - 1] ?? -Infinity
        const isLast = i === bucket.length - 1
        const inside = finite.filter((x) => x >= low && (isLast || x < bucketLimit[i]!))
        expect(count).toBe(inside.length)
      }
      expect(bucketLimit.at(-1)).toBeGreaterThanOrEqual(max)
    }),
  )
})

test('text and images of any size come back', () => {
  const root = scratch()
  const text = fc.array(fc.string({ unit: 'binary' }), { minLength: 1 })
  fc.assert(
    fc.property(text, fc.uint8Array({ minLength: 1, maxLength: 300 }), (lines, pixels) => {
      const logDir = write(root, (writer) => {
        writer.addText('text', lines)
        writer.addImage('image', { shape: [1, pixels.length, 1], data: pixels })
      })
      const [first, second] = readValues(logDir)
      expect(first!.tensor!.strings.map(String)).toEqual(lines)
      expect(second!.image).toMatchObject({ width: pixels.length, height: 1 })
      const own = [...new EventFileReader(eventFiles(logDir)[0]!).read()].flatMap(({ values }) => values)
      expect(own.map(({ data }) => data.kind)).toEqual(['strings', 'image'])
    }),
    { numRuns: 30 },
  )
})

test('cut at any byte, a file still gives its whole records', () => {
  const root = scratch()
  const logDir = write(root, (writer) => {
    for (let at = 1; at <= 5; at++) writer.addScalar('loss', 1 / at, at)
    writer.addText('note', 'something longer '.repeat(20))
    writer.addHistogram('weights', [1, 2, 3], 5)
  })
  const [file] = eventFiles(logDir)
  const bytes = readFileSync(file!)
  const records = readRecords(file!)
  const cut = join(root, 'cut.tfevents')
  for (let length = 0; length <= bytes.length; length++) {
    writeFileSync(cut, bytes.subarray(0, length))
    const whole = records.filter(({ end }) => end <= length).length
    expect([...new EventFileReader(cut).read()]).toHaveLength(whole)
    expect(readRecords(cut)).toHaveLength(whole)
  }
})

test('however a file grows, its reader gives each event once', () => {
  const root = scratch()
  const logDir = write(root, (writer) => {
    for (let at = 1; at <= 20; at++) writer.addScalar('loss', at, at)
  })
  const bytes = readFileSync(eventFiles(logDir)[0]!)
  const growing = join(root, 'growing.tfevents')
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length)), (lengths) => {
      const reader = new EventFileReader(growing)
      const read: LoggedEvent[] = []
      for (const length of [...lengths.toSorted((a, b) => a - b), bytes.length]) {
        writeFileSync(growing, bytes.subarray(0, length))
        read.push(...reader.read())
      }
      expect(read.map((event) => event.step)).toEqual([0, 0, ...Array.from({ length: 20 }, (_, i) => i + 1)])
      expect(reader.offset).toBe(bytes.length)
    }),
    { numRuns: 30 },
  )
})

test('a flipped bit is an error that says where, after the events before it', () => {
  const root = scratch()
  const logDir = write(root, (writer) => {
    for (let at = 1; at <= 5; at++) writer.addScalar('loss', at, at)
  })
  const [file] = eventFiles(logDir)
  const bytes = readFileSync(file!)
  const ends = readRecords(file!).map(({ end }) => end)
  const damaged = join(root, 'damaged.tfevents')
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
      const copy = Buffer.from(bytes)
      copy[at]! ^= 1 << bit
      writeFileSync(damaged, copy)
      const before = ends.filter((end) => end <= at)
      const read: LoggedEvent[] = []
      expect(() => {
        for (const event of new EventFileReader(damaged).read()) read.push(event)
      }).toThrow(`damaged.tfevents: the record at byte ${before.at(-1) ?? 0} is damaged`)
      expect(read).toHaveLength(before.length)
    }),
  )
})
