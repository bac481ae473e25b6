import {
  clampGradient,
  exp,
  reluGradient,
  sigmoidGradient,
  squareGradient,
  tanh,
  tanhGradient,
} from './activations.ts'
import type { FunctionDefinition } from './assembler.ts'
import { matrixProduct } from './matrix-product.ts'
import { adamStep, momentumStep, nesterovStep, sgdStep } from './optimizer-steps.ts'
import {
  accumulate,
  clamp,
  copyLines,
  divideBy,
  multiplyBy,
  normalize,
  spread,
  sumLines,
  sumRows,
} from './rows.ts'
import { addProducts, maximize, scatterAdd } from './windows.ts'

/**
 * The innermost loops of the kernels, four values at a time. JavaScript does them at a fifth of the speed and less:
 * as the memory can be replaced when it grows, V8 looks at each access whether that has happened.
 */
export const definitions: readonly FunctionDefinition[] = [
  clamp,
  accumulate,
  multiplyBy,
  divideBy,
  normalize,
  sumRows,
  sumLines,
  copyLines,
  addProducts,
  maximize,
  scatterAdd,
  matrixProduct,
  adamStep,
  sgdStep,
  momentumStep,
  nesterovStep,
  exp,
  tanh,
  tanhGradient,
  sigmoidGradient,
  reluGradient,
  clampGradient,
  squareGradient,
  spread,
]

/**
 * The functions of the module that `definitions` make, described there. Addresses, and the distances between values
 * ("steps"), are in bytes; counts are of values.
 */
export interface Loops {
  clamp(to: number, from: number, count: number, min: number, max: number): void
  accumulate(to: number, from: number, count: number, factor: number): void
  multiplyBy(values: number, count: number, factor: number): void
  divideBy(values: number, count: number, divisor: number): void
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
  sumLines(to: number, from: number, lines: number, length: number, factor: number): void
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
  adamStep(
    to: number,
    w: number,
    m: number,
    v: number,
    gradient: number,
    count: number,
    factor: number,
    limit: number,
    share1: number,
    share2: number,
    stepSize: number,
    epsilon: number,
    shrink: number,
  ): void
  sgdStep(
    to: number,
    w: number,
    gradient: number,
    count: number,
    factor: number,
    limit: number,
    decay: number,
    rate: number,
  ): void
  momentumStep: MomentumStep
  nesterovStep: MomentumStep
  exp: UnaryLoop
  tanh: UnaryLoop
  tanhGradient: BinaryLoop
  sigmoidGradient: BinaryLoop
  reluGradient: BinaryLoop
  squareGradient: BinaryLoop
  clampGradient(to: number, dy: number, x: number, count: number, min: number, max: number): void
  spread(to: number, from: number, outer: number, count: number, inner: number, divisor: number): void
}

type UnaryLoop = (to: number, from: number, count: number) => void

type BinaryLoop = (to: number, dy: number, value: number, count: number) => void

type MomentumStep = (
  to: number,
  w: number,
  momentum: number,
  gradient: number,
  count: number,
  factor: number,
  limit: number,
  decay: number,
  rate: number,
  mu: number,
) => void
