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

    const fillPanel = [
      here.set(panel),
      source.set(b),
      ifElse(
        i32.and(wide, i32.equal(v.bColumnStep, i32.const(4))),
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
          whileLoop(
            i32.lessThan(i32.const(0), i32.sub(panelEnd, here)),
            v128.store(here, v128.zero()),
            v128.store(here, v128.zero(), 16),
            target.set(here),
            column.set(source),
            count.set(columns),
            ifElse(wide, [count.set(i32.const(8))]),
            times(
              count,
              f32.store(target, f32.load(column)),
              advance(target, 4),
              advance(column, v.bColumnStep),
            ),
            advance(here, width),
            advance(source, v.bInnerStep),
          ),
        ],
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
