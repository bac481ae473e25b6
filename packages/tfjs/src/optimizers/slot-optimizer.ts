import * as tf from '@tensorflow/tfjs'
import type { StateRecord } from '@trainyard/core'
import { Optimizer, type OptimizerOptions, type Update } from './optimizer.ts'
import { checkSlots, checkSlotShape, makeTensor, readTensors } from './slot-state.ts'

/** The slots of one variable, each of the variable's shape. */
export type Slots<Name extends string> = Record<Name, tf.Tensor>

/** Gives the new value of a variable and of its slots; changes nothing itself. */
export type UpdateRule<Name extends string> = (
  variable: tf.Tensor,
  gradient: tf.Tensor,
  slots: Readonly<Slots<Name>>,
  name: string,
) => { variable: tf.Tensor; slots: Slots<Name> }

/** What makes one optimizer different from another. */
export interface Rule<Name extends string> {
  readonly kind: string
  /** The slots that each variable has, with the number that fills them at first. */
  readonly slots: Readonly<Record<Name, number>>
  /**
   * Makes the scalars that the variables of one update share, and gives the rule. `step` is the number of
   * updates done before.
   */
  readonly prepare: (learningRate: number, step: number) => UpdateRule<Name>
  /** The same in one pass, where the backend can. */
  readonly fused?: FusedRule
}

/**
 * A kernel that gives the new value of a variable and changes its slots in place, bit for bit as the rule does. Its inputs
 * are `variable`, `gradient`, the slots by their names and, when clipping by norm, `factor`; its attributes `limit`, of
 * clipping, and what `prepare` gives for the variable of a name.
 */
export interface FusedRule {
  readonly kernel: string
  readonly prepare: (learningRate: number, step: number) => (name: string) => tf.NamedAttrMap
}

/** Makes tensors of constants, so that each is rounded once. */
export function scalars<K extends string>(constants: Readonly<Record<K, number>>): Record<K, tf.Scalar> {
  const entries = Object.entries<number>(constants).map(([name, value]) => [name, tf.scalar(value)])
  return Object.fromEntries(entries) as Record<K, tf.Scalar>
}

/**
 * An optimizer made of a rule. Slots are made when a variable is first updated, and belong to its name, never
 * to its position: freezing a variable does not shift the others. They are kept tensors and not variables, so
 * that they neither take names nor ids of `tf.variable`.
 */
export class SlotOptimizer<Name extends string> extends Optimizer {
  readonly #rule: Rule<Name>
  #slots = new Map<string, Slots<Name>>()

  constructor(rule: Rule<Name>, options: OptimizerOptions) {
    super(rule.kind, options)
    this.#rule = rule
  }

  protected override update(update: Update): void {
    const { gradients, variables } = update
    for (const [name, gradient] of gradients) this.#checkShapes(name, gradient.shape)
    const rule = inOnePass(this.#rule, update) ?? clippedFirst(this.#rule, update)
    for (const [name, gradient] of gradients) {
      // A scope for each variable: the intermediate results of one are gone before the next.
      tf.tidy(() => {
        const slots = this.#slotsOf(name, gradient.shape)
        const variable = variables.get(name)!
        const next = rule(variable, gradient, slots, name)
        variable.assign(next.variable)
        this.#replace(slots, next.slots)
      })
    }
  }

  protected override async readSlots(): Promise<StateRecord> {
    const variables = [...this.#slots].map(
      async ([name, slots]) => [name, await readTensors(Object.entries<tf.Tensor>(slots))] as const,
    )
    return { slots: Object.fromEntries(await Promise.all(variables)) } as unknown as StateRecord
  }

  protected override writeSlots(state: StateRecord): void {
    const names = Object.keys(this.#rule.slots) as Name[]
    const checked = checkSlots(this.name, state['slots'], names)
    this.disposeSlots()
    for (const [variable, tensors] of checked) {
      const slots = {} as Slots<Name>
      for (const slot of names) slots[slot] = tf.keep(makeTensor(tensors[slot]))
      this.#slots.set(variable, slots)
    }
  }

  protected override disposeSlots(): void {
    for (const slots of this.#slots.values()) tf.dispose(slots)
    this.#slots.clear()
  }

  #slotsOf(name: string, shape: number[]): Slots<Name> {
    const known = this.#slots.get(name)
    if (known) return known
    const made = {} as Slots<Name>
    for (const slot in this.#rule.slots)
      made[slot] = tf.keep(tf.fill(shape, this.#rule.slots[slot], 'float32'))
    if (Object.keys(made).length > 0) this.#slots.set(name, made)
    return made
  }

  #replace(slots: Slots<Name>, next: Slots<Name>): void {
    for (const slot in slots) {
      if (next[slot] === slots[slot]) continue
      slots[slot].dispose()
      slots[slot] = tf.keep(next[slot])
    }
  }

  #checkShapes(name: string, shape: number[]): void {
    const slots = this.#slots.get(name)
    for (const slot in slots) checkSlotShape(slot, slots[slot]!, name, shape)
  }
}

/** Clips the gradient before the rule sees it. */
function clippedFirst<Name extends string>(
  { prepare }: Rule<Name>,
  { learningRate, step, clipping }: Update,
): UpdateRule<Name> {
  const rule = prepare(learningRate, step)
  return (variable, gradient, slots, name) => rule(variable, clipping.clip(gradient), slots, name)
}

/** Runs the fused kernel, clipping included, if the backend has it. The slots come back as they are: changed in place. */
function inOnePass<Name extends string>(
  { fused }: Rule<Name>,
  { learningRate, step, clipping: { factor, limit } }: Update,
): UpdateRule<Name> | undefined {
  if (!fused || !tf.getKernel(fused.kernel, tf.getBackend())) return undefined
  const attrs = fused.prepare(learningRate, step)
  return (variable, gradient, slots, name) => {
    const inputs = { variable, gradient, ...slots, ...(factor && { factor }) }
    return { variable: tf.engine().runKernel(fused.kernel, inputs, { ...attrs(name), limit }), slots }
  }
}
