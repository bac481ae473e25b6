import type * as tf from '@tensorflow/tfjs'

import type { Heap } from './heap.ts'

/** A product of a `rows` × `inner` and an `inner` × `columns` matrix. */
export interface MatrixProduct {
  readonly rows: number
  readonly inner: number
  readonly columns: number
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  readonly add?: boolean
}

/** Where matrices begin in a, b and out, in elements. */
export type Piece = readonly [a: number, b: number, out: number]

const whole: Piece = [0, 0, 0]

// What is copied of a transposed a at a time: 240 KiB, which stay in the second cache. Eight columns of b are 8 KiB then, which stay
// in the first. The rows of the copy are an odd number of cache lines apart; those a power of two apart would push
// each other out.
const copied = { rows: 240, inner: 256 }

/**
 * Computes out = a·b, or with `add` out = out + a·b, for row-major matrices; `transposeA` and `transposeB` say that a and b
 * hold their transpose. With `pieces`, one product for each, on the matrices that begin at these elements of a, b and
 * out.
 */
export function multiply(
  heap: Heap,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  out: tf.TensorInfo,
  { rows, inner, columns, transposeA = false, transposeB = false, add = false }: MatrixProduct,
  pieces: Iterable<Piece> = [whole],
): void {
  const aRowStep = transposeA ? 4 : 4 * inner
  const aInnerStep = transposeA ? 4 * rows : 4
  const bInnerStep = transposeB ? 4 : 4 * columns
  const bColumnStep = transposeB ? 4 * inner : 4
  // The values of a row of a transposed a are far apart: each is in a cache line of its own, and with long rows in a page of its own. A
  // copy pays off where they are met for many columns (after Goto & van de Geijn, "Anatomy of High-Performance Matrix
  // Multiplication", ACM TOMS 34, 2008).
  const copiesA = transposeA && inner >= 128 && columns > 16
  const most = copiesA ? copied : { rows, inner: Math.max(inner, 1) }
  const depth = Math.min(inner, most.inner)
  const panel = heap.make([8 * depth + 32])
  const copy = heap.make([copiesA ? most.rows * depth : 0])
  for (const [aStart, bStart, outStart] of pieces)
    for (let first = 0; first === 0 || first < inner; first += most.inner)
      for (let row = 0; row < rows; row += most.rows) {
        const rowCount = Math.min(rows - row, most.rows)
        const innerCount = Math.min(inner - first, most.inner)
        const aPart = heap.address(a) + 4 * aStart + row * aRowStep + first * aInnerStep
        const copyStep = 4 * most.rows
        if (copiesA)
          heap.loops.copyLines(heap.address(copy), aPart, innerCount, copyStep, aInnerStep, rowCount, 4)
        heap.loops.matrixProduct(
          copiesA ? heap.address(copy) : aPart,
          aRowStep,
          copiesA ? copyStep : aInnerStep,
          heap.address(b) + 4 * bStart + first * bInnerStep,
          bInnerStep,
          bColumnStep,
          heap.address(out) + 4 * (outStart + row * columns),
          rowCount,
          innerCount,
          columns,
          heap.address(panel),
          add || first > 0 ? 1 : 0,
        )
      }
  heap.dispose(panel, copy)
}
