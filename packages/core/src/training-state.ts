import { fail } from './errors.ts'
import {
  type AnyOutputs,
  type HostTensor,
  type Outputs,
  type TensorLike,
  type TensorName,
  toHost,
} from './tensor.ts'
import type { TensorRef, UniqueName } from './tensor-ref.ts'

/**
 * The tensors of the batch in hand: `state.tensors`. They are there from the end of a batch to the save point of its step; then the loop frees them.
 */
export interface TrainingState<O extends Outputs = AnyOutputs> {
  /** Gives a tensor by reference, by name, or by unique name. @throws if there is none, with the names that there are. */
  getTensor<T extends TensorLike>(ref: TensorRef<T>): T
  getTensor<K extends TensorName<O>>(name: K): O[K]
  getTensor(name: UniqueName): TensorLike
  /** Copies a tensor to the host: shape and data. */
  read(name: TensorName<O> | TensorRef | UniqueName): Promise<HostTensor>
  /** The names of the tensors that are there now. */
  names(): string[]
}

/** The loop's side of `state.tensors`. */
export interface CurrentTensors extends TrainingState {
  set(outputs: object): void
  /** Hands the outputs over to the caller. */
  take(): Record<string, TensorLike>
  /** Finds the output that a name, a unique name or a reference stands for. `why` opens the error if there is none. */
  keyOf(name: string | TensorRef, why?: string): string
}

/** @param refOf Gives the module's reference to an output. */
export function createTensors(refOf: (key: string) => TensorRef): CurrentTensors {
  let outputs: Record<string, TensorLike> = {}
  const names = (): string[] => Object.keys(outputs).map((key) => refOf(key).name)
  const keyOf = (name: string | TensorRef, why = ''): string => {
    const wanted = typeof name === 'string' ? name : name.key
    const found = Object.keys(outputs).find((key) =>
      [key, refOf(key).name, refOf(key).uniqueName].includes(wanted),
    )
    return (
      found ??
      fail(`${why}there is no tensor "${wanted}"; there are: ${names().join(', ') || 'none between batches'}`)
    )
  }
  return {
    names,
    keyOf,
    set(next) {
      outputs = next as Record<string, TensorLike>
    },
    take() {
      const taken = outputs
      outputs = {}
      return taken
    },
    getTensor: (name: string | TensorRef) => outputs[keyOf(name)] as never,
    read: (name) => toHost(outputs[keyOf(name)]!),
  }
}
