import { type Callback, nameOf } from './callback.ts'
import { fail } from './errors.ts'
import { disposeOutputs, isScalar, type TensorHandle, type TensorLike } from './tensor.ts'
import { nameOfRef, type TensorRef } from './tensor-ref.ts'
import type { TrainingRun } from './training-loop.ts'
import { weightedMeans, type WeightedOutputs } from './weighted-means.ts'

/** A number to read: the output it comes from, and the name under which `state.metrics` gets it. */
type Wanted = readonly [key: string, label: string]

/** A callback that reads something of a step. */
interface Asking {
  readonly callback: Callback<string>
  readonly every: number
  readonly wanted: readonly Wanted[]
}

/**
 * Brings the numbers that somebody reads at a step into `state.metrics`, with one read for all of them: the mean over the step's batches, weighted
 * by their examples, and over ranks. Outputs that nobody reads cost nothing.
 */
export interface ScalarReads {
  /** Finds the outputs that are meant, at the first batch of the run: a wrong name must not wait for the hundredth step. */
  resolve(outputs: Record<string, TensorLike>): void
  /** Takes over the outputs of a batch that is not the last of its step: keeps what may be read, frees the rest. */
  hold(outputs: Record<string, TensorLike>, examples: number): void
  /**
   * Reads what is due after a step whose last batch gave `outputs`; gives a promise only if something is, of the loss if that is among it.
   * @param means What the module knows already; nothing is read then.
   */
  atStepEnd(
    outputs: Record<string, TensorLike>,
    examples: number,
    means?: ReadonlyMap<string, number>,
  ): Promise<number | undefined> | undefined
  /** Frees what is held of the step. */
  clear(): void
}

/** @throws if a callback reads a `val_*` name and there is no validation. */
export function scalarReads<B>(run: TrainingRun<B>): ScalarReads {
  const { state, tensors } = run
  const readers = run.callbacks.map((callback) => ({
    callback,
    who: `callback "${nameOf(callback)}" reads `,
    names: callback.reads ?? [],
    every: callback.stepEndEvery ?? 1,
  }))
  for (const { who, names } of readers) {
    const name = names.find(isValidationName)
    if (name && !run.validate) fail(`${who}"${name}"; set \`validate: { data }\``)
  }
  /** Those that want something of a step; known when the first outputs tell their names. */
  let asking: Asking[]
  /** The batches of the step under way but for the last: only what may be read of them. */
  let held: WeightedOutputs[] = []

  const read = async (
    due: readonly Wanted[],
    batches: readonly WeightedOutputs[],
    known?: ReadonlyMap<string, number>,
  ): Promise<number | undefined> => {
    const means = weightedMeans(run)
    if (!known) await means.add(batches, [...new Set(due.map(([key]) => key))])
    const found = known ?? (await means.over('data'))
    for (const [key, label] of due) state.metrics.set(label, found.get(key)!)
    return found.get('loss')
  }

  return {
    resolve(outputs) {
      const find = (name: string | TensorRef, who: string): Wanted => {
        const label = nameOfRef(name)
        const key = tensors.keyOf(name, `${who}"${label}", but `)
        if (!isScalar(outputs[key]!))
          fail(`${who}"${key}", which is no scalar but has shape [${(outputs[key] as TensorHandle).shape}]`)
        return [key, label]
      }
      const names = tensors.names()
      const twice = names.find(
        (name, i) => names.indexOf(name) !== i || (name in outputs && Object.keys(outputs)[i] !== name),
      )
      if (twice) fail(`two tensors are called "${twice}"; rename() one of them`)
      find('loss', 'the trainer reads ')
      asking = readers
        .map(({ callback, every, names: own, who }) => ({
          callback,
          every,
          wanted: own.flatMap((name) => {
            const isOfValidation = isValidationName(name)
            const found = find(isOfValidation ? name.slice(4) : name, who)
            return isOfValidation ? [] : [found]
          }),
        }))
        .filter(({ wanted }) => wanted[0])
    },
    hold(outputs, examples) {
      const kept = Object.fromEntries(
        asking.flatMap(({ wanted }) => wanted.map(([key]) => [key, outputs[key]!])),
      )
      disposeOutputs(outputs, kept)
      held.push({ outputs: kept, examples })
    },
    atStepEnd(outputs, examples, means) {
      let due: Wanted[] | undefined
      for (const { callback, every, wanted } of asking)
        if (state.step % every === 0 && (callback.readsAt?.(state) ?? true)) due = [...(due ?? []), ...wanted]
      return due && read(due, [...held, { outputs, examples }], means)
    },
    clear() {
      for (const { outputs } of held) disposeOutputs(outputs)
      if (held[0]) held = []
    },
  }
}

/** Tells a name that validation fills, not a training step. */
export function isValidationName(name: string | TensorRef): name is `val_${string}` {
  return typeof name === 'string' && name.startsWith('val_')
}
