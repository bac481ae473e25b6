import { fail } from './errors.ts'
import { type AnyOutputs, type HostTensor, type Outputs, type TensorLike, type TensorName, toHost } from './tensor.ts'
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
  names(): TensorName<O>[]
}

/** The loop's side of `state.tensors`. */
export class CurrentTensors implements TrainingState {
  #outputs: Record<string, TensorLike> = {}
  readonly #refOf: (key: string) => TensorRef

  constructor(refOf: (key: string) => TensorRef) {
    this.#refOf = refOf
  }

  set(outputs: object): void {
    this.#outputs = outputs as Record<string, TensorLike>
  }

  /** Hands the outputs over to the caller. */
  take(): Record<string, TensorLike> {
    const outputs = this.#outputs
    this.#outputs = {}
    return outputs
  }

  names(): string[] {
    return Object.keys(this.#outputs).map((key) => this.#refOf(key).name)
  }

  getTensor(name: string | TensorRef<unknown>): never {
    return this.#outputs[this.keyOf(name)] as never
  }

  read(name: string | TensorRef): Promise<HostTensor> {
    return toHost(this.#outputs[this.keyOf(name)]!)
  }

  /** Finds the output that a name, a unique name or a reference stands for. */
  keyOf(name: string | TensorRef): string {
    const outputs = this.#outputs
    const wanted = typeof name === 'string' ? name : name.key
    if (Object.hasOwn(outputs, wanted)) return wanted
    const keys = Object.keys(outputs)
    for (const key of keys) {
      const ref = this.#refOf(key)
      if (ref.name === wanted || ref.uniqueName === wanted) return key
    }
    const known = this.names().join(', ')
    return fail(
      `there is no tensor "${wanted}"${known ? `; the module gives: ${known}` : ' now: tensors are there from batch end to the save point of the step'}`,
    )
  }
}
