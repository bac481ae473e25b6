import * as tf from '@tensorflow/tfjs'

/**
 * Adds what flows back from the mirrored border to the values that it is made of; the core forgets the border. One axis
 * after the other, as they are padded independently.
 */
export const mirrorPad: tf.GradConfig = {
  kernelName: 'MirrorPad',
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attrs) => {
    const [x] = saved as [tf.Tensor]
    const { paddings, mode } = attrs as unknown as {
      paddings: [number, number][]
      mode: 'reflect' | 'symmetric'
    }
    // Where the value at the very edge is not mirrored, the border is made of those from the second on.
    const skipped = mode === 'reflect' ? 1 : 0
    const fold = (folded: tf.Tensor, [before, after]: [number, number], axis: number): tf.Tensor => {
      const size = x.shape[axis]!
      const cut = (start: number, length: number): tf.Tensor => {
        const begin = folded.shape.map((_, each) => (each === axis ? start : 0))
        return tf.slice(
          folded,
          begin,
          folded.shape.map((full, each) => (each === axis ? length : full)),
        )
      }
      const mirrored = (start: number, length: number, at: number): tf.Tensor =>
        tf.pad(
          tf.reverse(cut(start, length), axis),
          folded.shape.map((_, each) => (each === axis ? [at, size - length - at] : [0, 0])),
        )
      const terms = [cut(before, size)]
      if (before > 0) terms.push(mirrored(0, before, skipped))
      if (after > 0) terms.push(mirrored(before + size, after, size - after - skipped))
      return tf.addN(terms)
    }
    return { x: () => paddings.reduce(fold, dy as tf.Tensor) }
  },
}
