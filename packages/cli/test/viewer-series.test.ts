import { openRuns, type StoredRun } from '@trainyard/run-folder'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Line, LinesRequest } from '../src/viewer/protocol.ts'
import { plansOf } from '../src/viewer/series/line.ts'
import { LogColumns } from '../src/viewer/series/log-columns.ts'
import { packLines, unpackLines } from '../src/viewer/series/pack-lines.ts'
import { pointsOf } from '../src/viewer/series/points.ts'
import { smooth } from '../src/viewer/series/smooth.ts'
import { SeriesStore } from '../src/viewer/series-store.ts'
import { newFolder, writeRun } from './folders.ts'

function columnsOf(rows: readonly Readonly<Record<string, unknown>>[]): LogColumns {
  const columns = new LogColumns()
  for (const row of rows) {
    const numbers = Object.entries(row).map(([key, value]) => [key, Float64Array.of(Number(value))] as const)
    columns.add({ rows: 1, columns: new Map(numbers) })
  }
  return columns
}

function lineOf(run: string, columns: LogColumns, key: string, wanted: LinesRequest): Line {
  return plansOf({ ...wanted, runs: [run] })[0]!.make([pointsOf(columns, key, wanted.axis)])
}

const request: LinesRequest = { runs: ['1'], metric: 'train.loss', axis: 'step', buckets: 10 }

/** Values as a training may give them: mostly alike, with spikes, and a few that are no numbers. */
const value = fc.oneof(
  { weight: 20, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  { weight: 2, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) },
)

describe('a reduced line', () => {
  test('has the least and the greatest value of what is shown, at every zoom', () => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 600 }),
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 600, maxLength: 600 }),
        fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        fc.boolean(),
        (values, gaps, [a, b], buckets, isZoomed, logX) => {
          let step = 0
          const rows = values.map((loss, i) => ({ step: (step += gaps[i]!), loss }))
          const [from, to] = [Math.min(a, b) * step, Math.max(a, b) * step]
          const zoom = isZoomed ? { from, to } : {}
          const line = lineOf('1', columnsOf(rows), 'loss', { ...request, buckets, logX, ...zoom })
          const shown = rows.filter((row) => !isZoomed || (row.step >= from && row.step <= to))
          const finite = shown.map(({ loss }) => loss).filter(Number.isFinite)
          for (const extreme of finite.length > 0 ? [Math.min(...finite), Math.max(...finite)] : []) {
            const places = [...line.y.keys()].filter((i) => line.y[i] === extreme)
            // The value stands where it was logged, within the range.
            expect(
              places.some((i) => shown.some((row) => row.loss === extreme && row.step === line.x[i])),
            ).toBe(true)
          }
          expect(line.x.length).toBeLessThanOrEqual(3 * (buckets + 2) + 2)
          expect([...line.x]).toEqual([...line.x].toSorted((x, y) => x - y))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('is the whole line as long as it fits', () => {
    const rows = [0.5, 0.25, 1].map((loss, i) => ({ step: 10 * i, loss }))
    const { x, y, total } = lineOf('1', columnsOf(rows), 'loss', request)
    expect([[...x], [...y], total]).toEqual([[0, 10, 20], [0.5, 0.25, 1], 3])
  })

  test('keeps the points next to the range, so that it leaves the chart', () => {
    const rows = Array.from({ length: 9 }, (_, step) => ({ step, loss: step }))
    const { x } = lineOf('1', columnsOf(rows), 'loss', { ...request, from: 3.5, to: 5.5 })
    expect([...x]).toEqual([3, 4, 5, 6])
  })

  test('has a gap where values are not finite, and says how many', () => {
    const rows = Array.from({ length: 1000 }, (_, step) => ({ step, loss: step < 700 ? 1 : NaN }))
    const { x, y, notFinite } = lineOf('1', columnsOf(rows), 'loss', request)
    expect(notFinite).toBe(300)
    expect([...x].filter((_, i) => Number.isNaN(y[i])).every((step) => step >= 700)).toBe(true)
    expect(y.at(-1)).toBeNaN()
  })

  test('smooths all values before any are left out', () => {
    const rows = Array.from({ length: 5000 }, (_, step) => ({ step, loss: step % 2 }))
    const few = lineOf('1', columnsOf(rows), 'loss', { ...request, buckets: 5, smoothing: 0.99 }).smooth!
    const all = smooth(
      Float64Array.from(rows, ({ loss }) => loss),
      0.99,
    )
    for (const [i, step] of few.x.entries()) expect(few.y[i]).toBe(all[step])
  })
})

describe('smoothing', () => {
  test('begins with the first value, and goes on behind what is not finite', () => {
    const smoothed = smooth(Float64Array.of(4, NaN, 4, 8), 0.5)
    expect(smoothed[0]).toBe(4)
    expect(smoothed[1]).toBeNaN()
    expect(smoothed[2]).toBe(4)
    // Weights 1/8, 1/4 and 1/2.
    expect(smoothed[3]).toBeCloseTo((4 / 8 + 4 / 4 + 8 / 2) / (7 / 8), 12)
  })
})

describe('a line over an axis', () => {
  test('has what was logged last where a run went back', () => {
    const steps = [1, 2, 3, 4, 3, 4, 5]
    const rows = steps.map((step, i) => ({ step, loss: i }))
    const { x, y } = pointsOf(columnsOf(rows), 'loss', 'step')
    expect([[...x], [...y]]).toEqual([
      [1, 2, 3, 4, 5],
      [0, 1, 4, 5, 6],
    ])
  })

  test('says where it went on after it had gone back, unless that was replaced, too', () => {
    const resumesOf = (steps: readonly number[], axis: LinesRequest['axis'] = 'step') => {
      const rows = steps.map((step, i) => ({ step, time: 100 + i, loss: 1 }))
      return pointsOf(columnsOf(rows), 'loss', axis).resumes
    }
    expect(resumesOf([1, 2, 2, 3])).toBe(undefined)
    expect(resumesOf([1, 2, 3, 2, 3, 4, 4, 3])).toEqual([2, 3])
    expect(resumesOf([1, 2, 3, 4, 3, 2, 3])).toEqual([2])
    expect(resumesOf([1, 2, 3, 2, 3], 'time')).toEqual([3])
    // Back to 3 at second 4, then to 2 at second 5: what came at second 4 is gone.
    expect(resumesOf([1, 2, 3, 4, 3, 2, 3], 'time')).toEqual([5])
  })

  test('has its rows for an axis, where its key has no such number, though others of the file have', () => {
    const rows = [
      { step: 1, loss: 1 },
      { epoch: 1, checked: 8 },
      { step: 2, loss: 2 },
      { epoch: 2, checked: 9 },
    ]
    const { axis, x, y } = pointsOf(columnsOf(rows), 'checked', 'step')
    expect([axis, [...x], [...y]]).toEqual(['row', [1, 3], [8, 9]])
    expect([...pointsOf(columnsOf(rows), 'checked', 'epoch').x]).toEqual([1, 2])
  })

  test('leaves other keys of the file alone', () => {
    const rows = [
      { step: 1, loss: 1 },
      { step: 2, loss: 2 },
      { step: 1, checked: 9 },
      { step: 3, loss: 3 },
    ]
    expect([...pointsOf(columnsOf(rows), 'loss', 'step').x]).toEqual([1, 2, 3])
    expect([...pointsOf(columnsOf(rows), 'checked', 'step').y]).toEqual([9])
  })

  test('ends with its key, though other rows follow', () => {
    const rows = [
      { step: 1, loss: 1 },
      { step: 2, loss: 2 },
      { step: 2, checked: 9 },
    ]
    const { x, y } = pointsOf(columnsOf(rows), 'loss', 'step')
    expect([[...x], [...y]]).toEqual([
      [1, 2],
      [1, 2],
    ])
  })

  test('begins at 0 over time, and is drawn over rows where there is no such number', () => {
    const rows = [
      { step: 5, time: 1000.5, loss: 1 },
      { step: 6, time: 1002, loss: 2 },
    ]
    expect([...pointsOf(columnsOf(rows), 'loss', 'time').x]).toEqual([0, 1.5])
    expect(pointsOf(columnsOf(rows), 'loss', 'epoch')).toMatchObject({
      axis: 'row',
      x: Float64Array.of(0, 1),
    })
  })
})

test('lines come out of their bytes as they went in', () => {
  const rows = Array.from({ length: 200 }, (_, step) => ({ step, loss: step % 7 === 0 ? NaN : 1 / step }))
  const lines = [
    lineOf('1', columnsOf(rows), 'loss', request),
    lineOf('mnist/β', columnsOf([...rows, { step: 100, loss: 1 }]), 'loss', { ...request, smoothing: 0.5 }),
  ]
  expect(lines[1]!.resumes).toEqual([100])
  expect(unpackLines(packLines(lines).buffer)).toEqual(lines)
})

test('of the files that lines are made of no more is kept than may be, at no time', async () => {
  const logs = newFolder()
  const rows = Array.from({ length: 100 }, (_, step) => ({ step, loss: step }))
  const ids = Array.from({ length: 20 }, (_, i) => String(i + 1))
  for (const id of ids) writeRun(logs, id, { metrics: { train: rows } })
  // Of each run two columns of 100 numbers are kept.
  const store = new SeriesStore(5 * 1600)
  const seen: number[] = []
  class Watched extends Map<string, StoredRun> {
    override get(id: string): StoredRun | undefined {
      seen.push(store.bytes)
      return super.get(id)
    }
  }
  const runs = new Watched(Array.from(openRuns(logs), (run) => [run.id, run]))
  const lines: Line[] = []
  for await (const part of store.lines(runs, { ...request, runs: ids })) lines.push(...part)
  expect(lines.map(({ run }) => run)).toEqual(ids)
  expect(Math.max(...seen)).toBeGreaterThan(4 * 1600)
  expect(Math.max(...seen)).toBeLessThanOrEqual(6 * 1600)
})
