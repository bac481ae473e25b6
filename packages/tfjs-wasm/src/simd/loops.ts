import type { FunctionDefinition } from './assembler.ts'
import { matrixProduct } from './matrix-product.ts'
import { accumulate, clamp, copyLines, normalize, sumRows } from './rows.ts'
import { addProducts, maximize, scatterAdd } from './windows.ts'

/**
 * The innermost loops of the kernels, four values at a time. JavaScript does them at a fifth of the speed and less:
 * as the memory can be replaced when it grows, V8 looks at each access whether that has happened.
 */
export const definitions: readonly FunctionDefinition[] = [
  clamp,
  accumulate,
  normalize,
  sumRows,
  copyLines,
  addProducts,
  maximize,
  scatterAdd,
  matrixProduct,
]

/**
 * The functions of the module that `definitions` make, described there. Addresses, and the distances between values
 * ("steps"), are in bytes; counts are of values.
 */
export interface Loops {
  clamp(from: number, to: number, count: number, min: number, max: number): void
  accumulate(to: number, from: number, count: number, factor: number): void
  normalize(
    from: number,
    to: number,
    rows: number,
    channels: number,
    means: number,
    factors: number,
    offsets: number,
  ): void
  sumRows(sums: number, from: number, rows: number, columns: number): void
  copyLines(
    to: number,
    from: number,
    lines: number,
    toStep: number,
    fromStep: number,
    length: number,
    step: number,
  ): void
  addProducts(
    sums: number,
    first: number,
    second: number,
    pixels: number,
    channels: number,
    step: number,
  ): void
  maximize(
    best: number,
    where: number,
    from: number,
    base: number,
    lines: number,
    pixels: number,
    lineStep: number,
    pixelStep: number,
    channels: number,
    last: number,
  ): void
  scatterAdd(to: number, indices: number, from: number, count: number): void
  matrixProduct(
    a: number,
    aRowStep: number,
    aInnerStep: number,
    b: number,
    bInnerStep: number,
    bColumnStep: number,
    out: number,
    rows: number,
    inner: number,
    columns: number,
    panel: number,
    add: number,
  ): void
}
