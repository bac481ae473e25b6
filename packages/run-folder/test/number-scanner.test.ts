import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseRows } from '../src/metrics/parse-rows.ts'
import { DecimalReader } from '../src/reader/decimal.ts'
import { type NumberBlock, NumberScanner } from '../src/reader/number-scanner.ts'

function read(text: string): { value: number; end: number } {
  const reader = new DecimalReader(Buffer.from(`${text},`))
  const value = reader.read(0)
  return { value, end: reader.end }
}

/** Numbers as JSON may have them: of any length, with any exponent. */
const digits = fc.stringMatching(/^\d{1,25}$/)
const decimal = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9]\d{0,24}$/)),
    fc.option(digits, { nil: undefined }),
    fc.option(fc.stringMatching(/^[+-]?\d{1,3}$/), { nil: undefined }),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${exponent === undefined ? '' : `e${exponent}`}`,
  )

test('a number has the very bits that JSON gives it', () => {
  const agrees = (text: string): void => {
    expect(read(text), text).toEqual({ value: JSON.parse(text), end: text.length })
  }
  fc.assert(fc.property(decimal, agrees), { numRuns: 5000 })
  // As JavaScript prints them, which is how they are logged.
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) =>
      agrees(JSON.stringify(value)),
    ),
    { numRuns: 5000 },
  )
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (value) => agrees(JSON.stringify(value))),
    { numRuns: 10_000 },
  )
})

test('a number half way between two doubles is rounded as JSON rounds it', () => {
  // The sum of two neighbours has one bit more than a double; ten more digits tell which side it is on.
  const neighbours = fc.double({ min: 1, max: 2 ** 20, noNaN: true }).map((value) => {
    const bits = new DataView(new ArrayBuffer(8))
    bits.setFloat64(0, value)
    bits.setBigUint64(0, bits.getBigUint64(0) + 1n)
    return [value, bits.getFloat64(0)] as const
  })
  fc.assert(
    fc.property(neighbours, fc.constantFrom('', '1', '0000001'), ([a, b], more) => {
      const scale = 10n ** 17n
      const exact = (BigInt(Math.round(a * 2 ** 32)) + BigInt(Math.round(b * 2 ** 32))) * scale
      const text = String(exact / 2n ** 33n).padStart(18, '0')
      const number = `${text.slice(0, -17)}.${text.slice(-17)}${more}`.replace(/^0+(?=\d)/, '')
      expect(read(number).value, number).toBe(Number(number))
    }),
    { numRuns: 5000 },
  )
})

test('what is no number is none, and Python has three more', () => {
  for (const text of ['', '-', '.5', '1.', '01', '-01', '+1', '1e', '1e+', 'nan', '-NaN', 'Inf', '"1"'])
    expect(read(text).end, text).toBe(-1)
  expect([read('NaN'), read('Infinity'), read('-Infinity')].map(({ value }) => value)).toEqual([
    NaN,
    Infinity,
    -Infinity,
  ])
  expect(Object.is(read('-0').value, -0)).toBe(true)
})

/** Gives the numbers of each row, as `parseRows` has them. */
function rowsOf(blocks: readonly NumberBlock[]): Record<string, number>[] {
  return blocks.flatMap(({ rows, columns }) =>
    Array.from({ length: rows }, (_, i) =>
      Object.fromEntries(Array.from(columns, ([key, values]) => [key, values[i]!])),
    ),
  )
}

const key = fc.constantFrom('step', 'loss', 'a.b', 'Größe', 'q"uote', '__proto', 'time')
const value = fc.oneof(
  { weight: 8, arbitrary: fc.double() },
  { weight: 4, arbitrary: fc.integer() },
  fc.string(),
  fc.constantFrom(null, true, [1, 2], { nested: 3 }),
)
const line = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 4 })
      .map(
        (pairs) =>
          `{${pairs
            .map(
              ([name, one]) =>
                `${JSON.stringify(name)}: ${typeof one === 'number' ? String(one) : JSON.stringify(one)}`,
            )
            .join(', ')}}`,
      ),
  },
  fc.constantFrom(
    '',
    '{"step": 1, "lo',
    '{"loss": 01}',
    '[1]',
    '7',
    '{"a": 1, "a": 2}',
    '{ "loss" : 1 }\r',
    '}',
  ),
)

test('lines have the numbers that JSON finds in them, however they look', () => {
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      (some, times) => {
        const text = `${Array.from({ length: times }, () => some.join('\n')).join('\n')}\n`
        const [bad, expectedBad]: number[][] = [[], []]
        const expected = parseRows(text, (index) => expectedBad!.push(index))
        const scanner = new NumberScanner()
        const { blocks, lines } = scanner.scan(Buffer.from(text), (index) => bad!.push(index))
        const numbers = expected.rows.map((row) =>
          Object.fromEntries(Object.entries(row).filter(([, one]) => typeof one === 'number')),
        )
        expect(rowsOf(blocks)).toEqual(numbers)
        expect([lines, bad]).toEqual([expected.lines, expectedBad])
      },
    ),
    { numRuns: 2000 },
  )
})

test('lines of two looks, turn by turn, are in their order', () => {
  const text = Array.from({ length: 20_000 }, (_, step) =>
    step % 2 === 0
      ? `{"step": ${step}, "note": "saved"}\n`
      : `{"step": ${step}, "loss": ${1 / (step + 1)}}\n`,
  ).join('')
  const { blocks, lines } = new NumberScanner().scan(Buffer.from(text), () => expect.unreachable())
  const rows = rowsOf(blocks)
  expect([rows.length, lines]).toEqual([20_000, 20_000])
  expect(rows[700]).toEqual({ step: 700 })
  expect(rows[999]).toEqual({ step: 999, loss: 0.001 })
})
