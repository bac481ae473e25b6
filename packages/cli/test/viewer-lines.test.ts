import { describe, expect, test } from 'vitest'
import type { Line, LinesRequest } from '../src/viewer/protocol.ts'
import { axisOf } from '../src/page/charts/chart-content.ts'
import { framed, unframed } from '../src/viewer/series/frames.ts'
import { plansOf } from '../src/viewer/series/line.ts'
import { linesCsv, pointsCsv } from '../src/viewer/series/lines-csv.ts'
import { packLines, unpackLines } from '../src/viewer/series/pack-lines.ts'
import type { Points } from '../src/viewer/series/points.ts'

function line(x: number[], y: number[], axis: Points['axis'] = 'step'): Points {
  return { axis, x: Float64Array.from(x), y: Float64Array.from(y) }
}

function meanOf(points: readonly Points[], wanted: Partial<LinesRequest> = {}): Line {
  const request: LinesRequest = {
    runs: [],
    groups: [{ name: 'adam', runs: ['1', '2'] }],
    metric: 'train.loss',
    axis: 'step',
    buckets: 100,
    ...wanted,
  }
  return plansOf(request)[0]!.make(points)
}

describe('the line of a group', () => {
  test('is the mean at each step of the runs that have it, with a deviation on either side', () => {
    const { run, x, y, band, total } = meanOf([line([1, 2, 3], [1, 2, 3]), line([1, 3, 4], [3, 7, 9])])
    expect([run, [...x], [...y], total]).toEqual(['adam', [1, 2, 3, 4], [2, 2, 5, 9], 6])
    expect([...band!.low.y]).toEqual([1, 2, 3, 9])
    expect([...band!.high.y]).toEqual([3, 2, 7, 9])
  })

  test('leaves out what is not finite, and says how many', () => {
    const { x, y, notFinite } = meanOf([line([1, 2, 3], [1, NaN, Infinity]), line([1, 2], [3, 4])])
    expect([[...x], [...y], notFinite]).toEqual([[1, 2], [2, 4], 2])
  })

  test('keeps the deviation of values that are large and nearly equal', () => {
    const { band } = meanOf([line([1], [1e9]), line([1], [1e9 + 2])])
    expect([band!.low.y[0], band!.high.y[0]]).toEqual([1e9, 1e9 + 2])
  })

  test('reads the runs between their points over time, and none before or behind its own', () => {
    const { x, y } = meanOf([line([0, 10], [0, 10], 'time'), line([5, 10], [105, 110], 'time')], {
      axis: 'time',
      buckets: 10,
    })
    for (const [i, at] of x.entries()) expect(y[i]).toBeCloseTo(at < 5 ? at : at + 50, 9)
    expect([x[0], x.at(-1)]).toEqual([0, 10])
  })

  test('leaves out runs that are drawn over rows, unless all are', () => {
    const rows = line([0, 1], [50, 60], 'row')
    const { axis, x, y, total } = meanOf([line([1, 2], [1, 2]), rows])
    expect([axis, [...x], [...y], total]).toEqual(['step', [1, 2], [1, 2], 2])
    expect([...meanOf([rows, rows]).y]).toEqual([50, 60])
  })

  test('has the greatest mean and the greatest of the band, however few buckets there are', () => {
    const steps = Array.from({ length: 5000 }, (_, i) => i)
    const one = steps.map((step) => (step === 3210 ? 50 : 1))
    const other = steps.map((step) => (step === 1234 ? 90 : 1))
    const { x, y, band } = meanOf([line(steps, one), line(steps, other)], { buckets: 8 })
    expect(x.length).toBeLessThan(40)
    expect(Math.max(...y)).toBe(45.5)
    expect(Math.max(...band!.high.y)).toBe(90)
    expect(Math.min(...band!.low.y)).toBe(1)
  })

  test('comes out of its bytes as it went in', () => {
    const lines = [meanOf([line([1, 2], [1, 2]), line([1, 2], [3, 5])], { smoothing: 0.5 })]
    expect(unpackLines(packLines(lines).buffer)).toEqual(lines)
  })
})

describe('parts of an answer', () => {
  const parts = [Uint8Array.of(1, 2, 3), new Uint8Array(), Uint8Array.from({ length: 1000 }, (_, i) => i)]
  const bytes = Buffer.concat(parts.flatMap((part) => framed(part)))

  async function read(pieces: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const found: Uint8Array[] = []
    const source = (async function* () {
      yield* pieces
    })()
    for await (const part of unframed(source)) found.push(new Uint8Array(part))
    return found
  }

  test('are told apart, wherever the pieces are cut in which they come', async () => {
    for (const size of [1, 2, 3, 5, 7, 64, 2000]) {
      const count = Math.ceil(bytes.length / size)
      const pieces = Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
      expect(await read(pieces), `${size}`).toEqual(parts)
    }
  })

  test('that end too early are an error', async () => {
    await expect(read([bytes.subarray(0, -1)])).rejects.toThrow('is not whole')
    await expect(read([bytes.subarray(0, 9)])).rejects.toThrow('is not whole')
  })
})

test('the points of a chart are saved with their kind, names quoted where they have to be', () => {
  const group = meanOf([line([1], [1]), line([1], [3])])
  const lines: Line[] = [
    { ...line([1, 2], [0.1, NaN]), run: 'a,"b"', total: 2, notFinite: 1, smooth: line([1], [0.1]) },
    group,
  ]
  expect(linesCsv(lines, 'step', 'train.loss')).toBe(
    [
      'line,kind,step,train.loss',
      '"a,""b""",value,1,0.1',
      '"a,""b""",value,2,NaN',
      '"a,""b""",smoothed,1,0.1',
      'adam,mean,1,2',
      'adam,mean - std,1,1',
      'adam,mean + std,1,3',
      '',
    ].join('\r\n'),
  )
})

test('what is drawn over rows has no step in what is saved, either', () => {
  const lines: Line[] = [
    { run: '1', ...line([7], [0.1]), total: 1, notFinite: 0 },
    { run: '2', ...line([0], [0.3], 'row'), total: 1, notFinite: 0 },
  ]
  expect(linesCsv(lines, 'step', 'loss')).toBe('line,kind,step,loss\r\n1,value,7,0.1\r\n2,value,,0.3\r\n')
})

test('an axis is called what the lines over it have, whatever has been asked for since', () => {
  const over = (...axes: Points['axis'][]): Line[] =>
    axes.map((axis) => ({ run: '1', ...line([0], [0], axis), total: 1, notFinite: 0 }))
  expect(axisOf(over('row', 'step'), 'time')).toBe('step')
  expect(axisOf(over('row', 'row'), 'time')).toBe('row')
  expect(axisOf([], 'time')).toBe('time')
})

test('all points are saved with their runs, and of groups with those', () => {
  const lines: Line[] = [
    { run: '1', ...line([1, 2], [0.1, NaN]), total: 2, notFinite: 1 },
    { run: '2', ...line([0], [0.3], 'row'), total: 1, notFinite: 0 },
  ]
  const { head, rows } = pointsCsv('step', 'train.loss')
  // The second has no steps.
  expect(head + rows(lines)).toBe('run,step,train.loss\r\n1,1,0.1\r\n1,2,NaN\r\n2,,0.3\r\n')
  const groups = [{ name: 'lr=0.1, adam', runs: ['1'] }]
  const grouped = pointsCsv('step', 'train.loss', groups)
  expect(grouped.head + grouped.rows(lines.slice(0, 1))).toBe(
    'group,run,step,train.loss\r\n"lr=0.1, adam",1,1,0.1\r\n"lr=0.1, adam",1,2,NaN\r\n',
  )
})
