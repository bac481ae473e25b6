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

  protected override update({ gradients, variables, learningRate, step, clip }: Update): void {
    for (const [name, gradient] of gradients) this.#checkShapes(name, gradient.shape)
    const rule = this.#rule.prepare(learningRate, step)
    for (const [name, gradient] of gradients) {
      // A scope for each variable: the intermediate results of one are gone before the next.
      tf.tidy(() => {
        const slots = this.#slotsOf(name, gradient.shape)
        const variable = variables.get(name)!
        const next = rule(variable, clip(gradient), slots, name)
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
