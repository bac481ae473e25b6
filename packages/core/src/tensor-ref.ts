import { fail } from './errors.ts'

/** The name that no rename changes: `<output>~~~<number>`. */
export type UniqueName = `${string}~~~${string}`

/**
 * Stands for one output of a module, whatever it is called: `const p = module.tensor('predictions')`. Pass it wherever a tensor's name fits.
 * After NeMo's neural tensors, which can be renamed and have a unique name.
 */
export interface TensorRef<T = unknown> {
  /** The output's name in the module. */
  readonly key: string
  /** What the user calls it; `key` until it is renamed. */
  readonly name: string
  readonly uniqueName: UniqueName
  /**
   * Gives the tensor a name of the user's own, for lookups and logs; the old one stays valid for lookups.
   * @throws if the name is `loss`, which is reserved, or another output's.
   */
  rename(name: string): this
  /** Only for the compiler: the type of the tensor. */
  readonly type?: T
}

/** What the user calls the tensor that a name or a reference stands for. */
export function nameOfRef(ref: string | TensorRef): string {
  return typeof ref === 'string' ? ref : ref.name
}

let made = 0

/** The references of one module: the same one for the same output, each name given once. A module keeps one of these behind its `tensor()`. */
export class TensorRefs {
  readonly #refs = new Map<string, TensorRef>()

  get(key: string): TensorRef<never> {
    const known = this.#refs.get(key)
    if (known) return known as TensorRef<never>
    let name = key
    const taken = (wanted: string): boolean =>
      this.#refs.has(wanted) || [...this.#refs.values()].some((ref) => ref.name === wanted)
    const ref: TensorRef<never> = {
      key,
      get name() {
        return name
      },
      uniqueName: `${key}~~~${made++}`,
      rename(wanted) {
        if (wanted === name) return this
        const refuse = (why: string): never => fail(`"${key}" cannot be renamed to "${wanted}": ${why}`)
        if (wanted === 'loss' || key === 'loss') refuse('the name "loss" is reserved')
        if (taken(wanted)) refuse('another tensor has that name')
        name = wanted
        return this
      },
    }
    this.#refs.set(key, ref)
    return ref
  }
}
