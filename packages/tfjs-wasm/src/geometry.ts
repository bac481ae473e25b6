import type * as tf from '@tensorflow/tfjs'

type Triple = readonly [depth: number, height: number, width: number]

/**
 * How windows lie on their input, for convolution and pooling: output position o and filter tap t meet at input
 * position o · stride + t · dilation - pad, along each of depth, height and width. Two dimensions are three with
 * a depth of 1. Values are in the order batch, depth, height, width, channel.
 */
export interface Geometry {
  readonly batch: number
  readonly inChannels: number
  readonly outChannels: number
  readonly input: Triple
  readonly output: Triple
  readonly filter: Triple
  readonly stride: Triple
  readonly dilation: Triple
  readonly pad: Triple
}

/**
 * Gives the geometry of an image. Gradients pass the result's shape, as the core does not tell them how its size was
 * rounded.
 */
export function geometry2d(
  info: tf.backend_util.Conv2DInfo,
  result: readonly number[] = info.outShape,
): Geometry {
  return {
    batch: info.batchSize,
    inChannels: info.inChannels,
    outChannels: info.outChannels,
    input: [1, info.inHeight, info.inWidth],
    output: [1, result[1]!, result[2]!],
    filter: [1, info.filterHeight, info.filterWidth],
    stride: [1, info.strideHeight, info.strideWidth],
    dilation: [1, info.dilationHeight, info.dilationWidth],
    pad: [0, info.padInfo.top, info.padInfo.left],
  }
}

export function geometry3d(info: tf.backend_util.Conv3DInfo): Geometry {
  return {
    batch: info.batchSize,
    inChannels: info.inChannels,
    outChannels: info.outChannels,
    input: [info.inDepth, info.inHeight, info.inWidth],
    output: [info.outDepth, info.outHeight, info.outWidth],
    filter: [info.filterDepth, info.filterHeight, info.filterWidth],
    stride: [info.strideDepth, info.strideHeight, info.strideWidth],
    dilation: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
    pad: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
  }
}

/** Multiplies the sizes of a triple. */
export function volume([depth, height, width]: Triple): number {
  return depth * height * width
}

/** Gives the range of output positions whose tap `tap` along an axis falls on the input and not on its padding. */
export function validOutputs(geometry: Geometry, axis: 0 | 1 | 2, tap: number): [from: number, to: number] {
  const stride = geometry.stride[axis]
  const shift = geometry.pad[axis] - tap * geometry.dilation[axis]
  const from = Math.max(0, Math.ceil(shift / stride))
  const to = Math.min(geometry.output[axis], Math.floor((geometry.input[axis] - 1 + shift) / stride) + 1)
  return [from, Math.max(from, to)]
}

/** Gives the range of filter taps that fall on the input at an output position along an axis. */
export function validTaps(geometry: Geometry, axis: 0 | 1 | 2, position: number): [from: number, to: number] {
  const dilation = geometry.dilation[axis]
  const start = position * geometry.stride[axis] - geometry.pad[axis]
  const from = Math.max(0, Math.ceil(-start / dilation))
  const to = Math.min(geometry.filter[axis], Math.floor((geometry.input[axis] - 1 - start) / dilation) + 1)
  return [from, Math.max(from, to)]
}

/** Says whether every output is made of just the input at the same place. */
export function isPointwise({ filter, stride, input, output }: Geometry): boolean {
  return volume(filter) === 1 && volume(stride) === 1 && volume(input) === volume(output)
}

/** At most so many bytes of columns at a time: they should still be in the cache when they are multiplied. */
const columnBytes = 1024 * 1024

/** Gives how many images to work on at a time if each takes so many floats. */
export function imagesAtATime(batch: number, floats: number): number {
  return Math.min(batch, Math.max(1, Math.floor(columnBytes / (4 * floats))))
}
