import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { chartSvg } from '../src/page/charts/chart-svg.ts'
import { runStyles } from '../src/page/charts/line-style.ts'
import { plansOf } from '../src/viewer/series/line.ts'
import { newFolder, writeRun } from './folders.ts'
import { all, parseXml, piecesOf } from './svg.ts'
import { onTerminal } from './terminal.ts'

const value = fc.double({ min: -1e6, max: 1e6, noNaN: true })

test('the greatest and the least value are in every plot, however many there are', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(value, { minLength: 2, maxLength: 2000, size: 'max' }),
      fc.integer({ min: 20, max: 150 }),
      fc.integer({ min: 4, max: 20 }),
      async (values, columns, height) => {
        fc.pre(Math.max(...values) > Math.min(...values))
        const logs = newFolder()
        writeRun(logs, 1, { metrics: { train: values.map((loss, step) => ({ step, loss })) } })
        const args = ['plot', 'train.loss', '--height', String(height), '--logs', logs]
        const { stdout } = await onTerminal(args, { columns })
        const rows = stdout.split('\n').slice(1, height + 1)
        const dotsOf = (row: string): number[] =>
          Array.from(row.replace(/^[^┤│]*./, ''), (cell) => Math.max(0, cell.codePointAt(0)! - 0x2800))
        // The axis begins and ends with them: the topmost dots are the greatest value, the lowest ones the least.
        expect(dotsOf(rows[0]!).some((dots) => (dots & 0b1001) !== 0)).toBe(true)
        expect(dotsOf(rows.at(-1)!).some((dots) => (dots & 0b1100_0000) !== 0)).toBe(true)
      },
    ),
    { numRuns: 40 },
  )
})

test('the greatest and the least value are in every drawing, however few pixels it has', () => {
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 2, maxLength: 2000, size: 'max' }),
      fc.integer({ min: 160, max: 1200 }),
      fc.integer({ min: 1, max: 200 }),
      (values, width, buckets) => {
        // Values that only rounding tells apart are drawn as one level.
        fc.pre(Math.max(...values) - Math.min(...values) > 1e-3)
        const [plan] = plansOf({ runs: ['1'], metric: 'train.loss', axis: 'step', buckets })
        const x = Float64Array.from(values.keys())
        const lines = [plan!.make([{ axis: 'step', x, y: Float64Array.from(values) }])]
        const styles = runStyles(['1'], 'light')
        const how = { logX: false, logY: false, zoom: null, theme: 'light', axisName: 'step' } as const
        const svg = parseXml(chartSvg({ lines, styles, ...how }, 'train.loss', width))
        const plot = all(svg, 'g').find(({ attributes }) => attributes['clip-path'])!
        const heights = piecesOf(all(plot, 'path')[0]!).flatMap((piece) => piece.map(([, y]) => y))
        // The plot is 178 high, a twentieth of the values' range above the greatest and below the least.
        const margin = (178 * 0.05) / 1.1
        expect(Math.min(...heights)).toBeCloseTo(32 + margin, 1)
        expect(Math.max(...heights)).toBeCloseTo(32 + 178 - margin, 1)
      },
    ),
    { numRuns: 60 },
  )
})
