import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { newFolder, writeRun } from './folders.ts'
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
