import { type ModuleState, TensorRefs, type TrainingModule } from '@trainyard/core'

/** The smallest module with momentum: it learns that y = 3x. */
export function line(): TrainingModule<number, { loss: number }> & { weight(): number } {
  const optimizer = { learningRate: 0.01 }
  const refs = new TensorRefs()
  let [weight, velocity, gradient] = [0, 0, 0]
  return {
    weight: () => weight,
    optimizers: [optimizer],
    trainBatch(x) {
      gradient += 2 * x * (weight * x - 3 * x)
      return { outputs: { loss: (weight * x - 3 * x) ** 2 }, examples: 1 }
    },
    optimizerStep({ examples }) {
      velocity = 0.9 * velocity + gradient / examples
      weight -= optimizer.learningRate * velocity
      gradient = 0
    },
    tensor: (name: 'loss') => refs.get(name),
    getState: (): ModuleState => ({
      weights: { 'line/weight': { shape: [], data: Float64Array.of(weight) } },
      optimizers: [{ velocity }],
    }),
    updateState(state) {
      const { weights, optimizers } = state as unknown as {
        weights: Record<string, { data: Float64Array }>
        optimizers: { velocity: number }[]
      }
      weight = weights['line/weight']!.data[0]!
      velocity = optimizers[0]!.velocity
    },
  }
}

/** Ten batches, none like another. */
export const data: readonly number[] = Array.from({ length: 10 }, (_, i) => Math.sin(i + 1))
