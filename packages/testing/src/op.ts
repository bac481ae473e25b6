import type * as tfjs from '@tensorflow/tfjs'

/** The module `@tensorflow/tfjs` as the caller has it, so that its backend is the one that is tested. */
export type TensorFlow = typeof tfjs

/** One input of a case: its shape and type, and where its values come from. */
export interface Input<S extends readonly number[] = readonly number[]> {
  readonly shape: S
  readonly dtype: 'float32' | 'int32' | 'bool'
  /** The domain of the operation; values of every set are moved into it. */
  readonly range?: readonly [low: number, high: number] | undefined
  /** Values that stay the same in every set, as indices and labels do. */
  readonly values?: readonly number[]
}

/** What a case knows about itself. */
export interface Notes {
  /** Says why TensorFlow.js may refuse to differentiate it. A gradient that it gives all the same is checked. */
  readonly noGradient?: string
  /**
   * Says why its gradient is not the derivative, as where a rounded number passes gradients on. It is compared with the
   * reference's alone.
   */
  readonly convention?: string
  /** Allows another subgradient than the reference's where there are several, as for the maximum of equal numbers. */
  readonly ties?: 'any'
  /** Replaces the relative tolerance where rounding errors of float32 are larger. */
  readonly tolerance?: number
}

/** A case of the table: a function over tensors. Its `float32` inputs are differentiated. */
export interface Op extends Notes {
  readonly name: string
  readonly group: string
  readonly inputs: readonly Input[]
  readonly compute: (tf: TensorFlow, ...inputs: tfjs.Tensor[]) => tfjs.Tensor
}

type Ranked<S extends readonly number[]> = S['length'] extends 0
  ? tfjs.Scalar
  : S['length'] extends 1
    ? tfjs.Tensor1D
    : S['length'] extends 2
      ? tfjs.Tensor2D
      : S['length'] extends 3
        ? tfjs.Tensor3D
        : S['length'] extends 4
          ? tfjs.Tensor4D
          : S['length'] extends 5
            ? tfjs.Tensor5D
            : tfjs.Tensor

type TensorsOf<I extends readonly Input[]> = { [K in keyof I]: Ranked<I[K]['shape']> }

/** Makes a case; the inputs' shapes give the types of the function's arguments. */
export type MakeOp = <const I extends readonly Input[]>(
  name: string,
  inputs: I,
  compute: (tf: TensorFlow, ...inputs: TensorsOf<I>) => tfjs.Tensor,
  notes?: Notes,
) => Op

/** Gives a function that makes cases of a group. */
export function opsOf(group: string): MakeOp {
  return (name, inputs, compute, notes) => ({
    name,
    group,
    inputs,
    compute: compute as Op['compute'],
    ...notes,
  })
}

/** Describes a differentiable input; without a range, any number is in its domain. */
export function float<const S extends readonly number[]>(
  shape: S,
  range?: readonly [low: number, high: number],
): Input<S> {
  return { shape, dtype: 'float32', range }
}

/** Describes a vector of given integers. */
export function ints<const V extends readonly number[]>(...values: V): Input<readonly [number]> {
  return { shape: [values.length], dtype: 'int32', values }
}

/** Describes integers in row-major order. */
export function given<const S extends readonly number[]>(
  shape: S,
  values: readonly number[],
  dtype: Input['dtype'] = 'int32',
): Input<S> {
  return { shape, dtype, values }
}
