import {
  type Code,
  define,
  f32,
  type FunctionDefinition,
  i32,
  ifElse,
  v128,
  type Variable,
  whileLoop,
} from './assembler.ts'
import { advance, endOf, times } from './idioms.ts'

/** Bytes of a row of the panel: eight floats, two vectors. */
const width = 32

/**
 * Computes out = a·b, or with `add` out = out + a·b, for matrices with any steps between the elements of a and b, so
 * also transposed ones; the rows of `out` follow each other.
 *
 * Eight columns of b at a time are copied to `panel`, where their rows are next to each other, and multiplied with
 * four rows of a at a time: 4 × 8 sums stay in registers (after Goto & van de Geijn, "Anatomy of High-Performance Matrix
 * Multiplication", ACM TOMS 34, 2008). The panel has `inner` rows of eight floats and four rows more, which take the
 * sums where not all eight columns are there.
 */
export const matrixProduct: FunctionDefinition = define(
  'matrixProduct',
  {
    a: 'i32',
    aRowStep: 'i32',
    aInnerStep: 'i32',
    b: 'i32',
    bInnerStep: 'i32',
    bColumnStep: 'i32',
    out: 'i32',
    rows: 'i32',
    inner: 'i32',
    columns: 'i32',
    panel: 'i32',
    add: 'i32',
  },
  {
    panelEnd: 'i32',
    outRowStep: 'i32',
    rowsLeft: 'i32',
    aBlock: 'i32',
    outBlock: 'i32',
    here: 'i32',
    source: 'i32',
    count: 'i32',
    column: 'i32',
    target: 'i32',
    a0: 'i32',
    a1: 'i32',
    a2: 'i32',
    a3: 'i32',
    left: 'v128',
    right: 'v128',
    factor: 'v128',
    s00: 'v128',
    s01: 'v128',
    s10: 'v128',
    s11: 'v128',
    s20: 'v128',
    s21: 'v128',
    s30: 'v128',
    s31: 'v128',
  },
  (v) => {
    const { a, b, out, panel, panelEnd, here, source, count, column, target } = v
    const { rowsLeft, aBlock, outBlock, outRowStep, columns } = v
    const rowsOfFour: Row[] = [
      { address: v.a0, low: v.s00, high: v.s01 },
      { address: v.a1, low: v.s10, high: v.s11 },
      { address: v.a2, low: v.s20, high: v.s21 },
      { address: v.a3, low: v.s30, high: v.s31 },
    ]
    const wide = i32.lessThan(i32.const(7), columns)

    /** Copies four columns whose values are neighbours, four values of each at a time: a small matrix that is transposed. */
    const turnColumns = (first: 0 | 4): Code[] => {
      const columnAt = [v.a0, v.a1, v.a2, v.a3]
      const values = [v.s00, v.s10, v.s20, v.s30] as const
      const [low01, low23, high01, high23] = [v.s01, v.s11, v.s21, v.s31]
      return [
        here.set(i32.add(panel, i32.const(4 * first))),
        ...columnAt.map((address, index) =>
          address.set(i32.add(b, i32.mul(v.bColumnStep, i32.const(first + index)))),
        ),
        whileLoop(
          i32.lessThan(i32.const(4 * width - 4 * first - 1), i32.sub(panelEnd, here)),
          ...columnAt.map((address, index) => values[index]!.set(v128.load(address))),
          low01.set(v128.shuffle(values[0], values[1], [0, 4, 1, 5])),
          low23.set(v128.shuffle(values[2], values[3], [0, 4, 1, 5])),
          high01.set(v128.shuffle(values[0], values[1], [2, 6, 3, 7])),
          high23.set(v128.shuffle(values[2], values[3], [2, 6, 3, 7])),
          v128.store(here, v128.shuffle(low01, low23, [0, 1, 4, 5])),
          v128.store(here, v128.shuffle(low01, low23, [2, 3, 6, 7]), width),
          v128.store(here, v128.shuffle(high01, high23, [0, 1, 4, 5]), 2 * width),
          v128.store(here, v128.shuffle(high01, high23, [2, 3, 6, 7]), 3 * width),
          advance(here, 4 * width),
          ...columnAt.map((address) => advance(address, 16)),
        ),
      ]
    }

    const fillPanel = [
      here.set(panel),
      source.set(b),
      ifElse(wide, [
        ifElse(
          i32.equal(v.bColumnStep, i32.const(4)),
          [
            whileLoop(
              i32.lessThan(i32.const(0), i32.sub(panelEnd, here)),
              v128.store(here, v128.load(source)),
              v128.store(here, v128.load(source, 16), 16),
              advance(here, width),
              advance(source, v.bInnerStep),
            ),
          ],
          [
            ifElse(i32.equal(v.bInnerStep, i32.const(4)), [
              ...turnColumns(4),
              ...turnColumns(0),
              source.set(v.a0),
            ]),
          ],
        ),
      ]),
      // What is left: fewer columns than eight, or fewer values of columns than four.
      whileLoop(
        i32.lessThan(i32.const(0), i32.sub(panelEnd, here)),
        v128.store(here, v128.zero()),
        v128.store(here, v128.zero(), 16),
        target.set(here),
        column.set(source),
        count.set(columns),
        ifElse(wide, [count.set(i32.const(8))]),
        times(count, f32.store(target, f32.load(column)), advance(target, 4), advance(column, v.bColumnStep)),
        advance(here, width),
        advance(source, v.bInnerStep),
      ),
    ]

    /** Multiplies some rows of a with the panel. */
    const multiplyRows = (rows: Row[]): Code[] => [
      ...rows.flatMap(({ address, low, high }, index) => [
        address.set(i32.add(aBlock, i32.mul(v.aRowStep, i32.const(index)))),
        low.set(v128.zero()),
        high.set(v128.zero()),
      ]),
      here.set(panel),
      whileLoop(
        i32.lessThan(i32.const(0), i32.sub(panelEnd, here)),
        v.left.set(v128.load(here)),
        v.right.set(v128.load(here, 16)),
        ...rows.flatMap(({ address, low, high }) => [
          v.factor.set(v128.loadSplat(address)),
          low.set(v128.add(low, v128.mul(v.factor, v.left))),
          high.set(v128.add(high, v128.mul(v.factor, v.right))),
          advance(address, v.aInnerStep),
        ]),
        advance(here, width),
      ),
      ...rows.flatMap(({ low, high }) => [
        ifElse(
          wide,
          [
            ifElse(v.add, [
              low.set(v128.add(low, v128.load(outBlock))),
              high.set(v128.add(high, v128.load(outBlock, 16))),
            ]),
            v128.store(outBlock, low),
            v128.store(outBlock, high, 16),
          ],
          [
            v128.store(panelEnd, low),
            v128.store(panelEnd, high, 16),
            source.set(panelEnd),
            target.set(outBlock),
            count.set(columns),
            times(
              count,
              ifElse(
                v.add,
                [f32.store(target, f32.add(f32.load(target), f32.load(source)))],
                [f32.store(target, f32.load(source))],
              ),
              advance(target, 4),
              advance(source, 4),
            ),
          ],
        ),
        advance(outBlock, outRowStep),
      ]),
      advance(aBlock, i32.mul(v.aRowStep, i32.const(rows.length))),
      advance(rowsLeft, -rows.length),
    ]

    return [
      panelEnd.set(i32.add(panel, i32.mul(v.inner, i32.const(width)))),
      outRowStep.set(i32.shiftLeft(columns, i32.const(2))),
      whileLoop(
        i32.lessThan(i32.const(0), columns),
        ...fillPanel,
        rowsLeft.set(v.rows),
        aBlock.set(a),
        outBlock.set(out),
        whileLoop(i32.lessThan(i32.const(3), rowsLeft), ...multiplyRows(rowsOfFour)),
        whileLoop(i32.lessThan(i32.const(0), rowsLeft), ...multiplyRows(rowsOfFour.slice(0, 1))),
        advance(columns, -8),
        advance(out, width),
        b.set(endOf(b, i32.shiftLeft(v.bColumnStep, i32.const(1)))),
      ),
    ]
  },
)

/** A row of a: where it is, and its sums with the first and the last four columns of the panel. */
interface Row {
  readonly address: Variable
  readonly low: Variable
  readonly high: Variable
}
