import * as tf from '@tensorflow/tfjs'
import type { StateRecord, StateTree } from '@trainyard/core'
import { Optimizer, type OptimizerOptions, type Update } from './optimizer.ts'
import { fail } from '../errors.ts'
import {
  checkSlots,
  checkSlotShape,
  checkTable,
  checkTensor,
  makeTensor,
  readTensors,
  type TensorState,
} from './slot-state.ts'

/** One accumulator as the optimizers of TensorFlow.js keep it, in lists by position. */
interface Accumulator {
  originalName: string
  variable: tf.Variable
}

/** The fields of a `tf.Optimizer` that its type hides. */
interface Fields {
  learningRate: number
  setLearningRate?(rate: number): void
  [field: string]: unknown
}

/** Whose accumulators stand at one position of the lists. */
interface Position {
  /** Unknown for accumulators that were there before, until their variable comes. */
  key: string | undefined
  readonly variable: string
}

/**
 * Makes an optimizer of one of TensorFlow.js (`tf.train.adam()`, …), which it takes over: set the learning
 * rate here, and dispose only this one.
 *
 * Beyond what `tf.train` does, its state can be saved and restored bit for bit, accumulators belong to a
 * variable's name, and schedules and clipping work. The state is read from the instance's own fields, because
 * `getWeights` and `setWeights` are not exact for Adam, and absent for Adamax. In the options `learningRate`
 * stands for the rate that the optimizer was made with.
 */
export function fromTfOptimizer(optimizer: tf.Optimizer, options: Partial<OptimizerOptions> = {}): Optimizer {
  return new TfOptimizer(optimizer, options)
}

class TfOptimizer extends Optimizer {
  readonly #optimizer: tf.Optimizer
  readonly #fields: Fields
  /**
   * The variables in the order of the lists; a new one is put last, one that is missing in an update keeps
   * its place.
   */
  #positions: Position[]

  constructor(optimizer: tf.Optimizer, options: Partial<OptimizerOptions>) {
    if (typeof optimizer?.applyGradients !== 'function')
      fail(`fromTfOptimizer takes a tf.Optimizer such as tf.train.adam(), not ${String(optimizer)}`)
    const fields = optimizer as unknown as Fields
    if (typeof fields.learningRate !== 'number')
      fail(
        `fromTfOptimizer cannot find the learning rate of ${optimizer.getClassName()}; ` +
          'give it a field `learningRate`',
      )
    super(
      `tf.${optimizer.getClassName()}`,
      { learningRate: fields.learningRate, ...options },
      optimizer.iterations,
    )
    this.#optimizer = optimizer
    this.#fields = fields
    // Adam's powers are registered as trainable, so tf.variableGrads without a list would differentiate them.
    for (const [, variable] of this.#scalars()) variable.trainable = false
    const longest = this.#lists().reduce<Accumulator[]>(
      (found, [, list]) => (list.length > found.length ? list : found),
      [],
    )
    this.#positions = longest.map(({ originalName }) => ({
      key: undefined,
      variable: originalName.replace(/\/[^/]*$/, ''),
    }))
  }

  protected override update({ gradients, variables, learningRate, clipping: { clip } }: Update): void {
    for (const [key, variable] of variables) if (gradients.has(key)) this.#place(key, variable)
    if (learningRate !== this.#fields.learningRate) this.#setLearningRate(learningRate)
    const named = this.#positions.map(({ key, variable }) => {
      const gradient = key === undefined ? undefined : gradients.get(key)
      // TF.js skips a gradient that is null, and leaves its position alone.
      return gradient
        ? { name: variables.get(key!)!.name, tensor: clip(gradient) }
        : { name: variable, tensor: null }
    })
    this.#optimizer.applyGradients(named as Parameters<tf.Optimizer['applyGradients']>[0])
  }

  protected override async readSlots(): Promise<StateRecord> {
    const lists = this.#lists()
    const slots = this.#positions.map(async ({ key, variable }, i) => {
      const there = lists.filter(([, list]) => list[i])
      return [
        key ?? variable,
        await readTensors(there.map(([field, list]) => [field, list[i]!.variable])),
      ] as const
    })
    const [scalars, ...tables] = await Promise.all([readTensors(this.#scalars()), ...slots])
    const used = tables.filter(([, table]) => Object.keys(table).length > 0)
    return { scalars, slots: Object.fromEntries(used) } as unknown as StateRecord
  }

  protected override writeSlots(state: StateRecord): void {
    const scalars = this.#checkScalars(state['scalars'])
    const lists = this.#lists()
    // Lists are filled side by side, so what one variable has the others must have too; a list that none has
    // stays empty.
    const tables = Object.values(checkTable(`\`slots\` in the state of "${this.name}"`, state['slots']))
    const used = lists.filter(([field]) => tables.some((table) => Object.hasOwn(table as object, field)))
    const slots = checkSlots(
      this.name,
      state['slots'],
      used.map(([field]) => field),
    )
    tf.tidy(() => {
      for (const [variable, value] of scalars) variable.assign(makeTensor(value))
    })
    for (const [, list] of lists) for (const { variable } of list.splice(0)) variable.dispose()
    for (const [key, tensors] of slots)
      for (const [field, list] of used) {
        const variable = tf.tidy(() => tf.variable(makeTensor(tensors[field]!), false))
        list.push({ originalName: `${key}/${field}`, variable })
      }
    this.#positions = slots.map(([key]) => ({ key, variable: key }))
    this.#fields['iterations_'] = state['iterations'] as number
  }

  protected override disposeSlots(): void {
    // SGD leaves its rate behind, and momentum too: so whatever is still there is freed as well.
    this.#optimizer.dispose()
    const left = [
      ...Object.values(this.#fields),
      ...this.#lists().flatMap(([, list]) => list.map(({ variable }) => variable)),
    ]
    for (const tensor of left) if (tensor instanceof tf.Tensor && !tensor.isDisposed) tensor.dispose()
  }

  /** Finds the position of a variable, or gives it the next one. */
  #place(key: string, variable: tf.Variable): void {
    if (tf.engine().registeredVariables[variable.name] !== variable)
      fail(
        `variable "${key}" is disposed, or replaced by another one named "${variable.name}"; ` +
          'TF.js cannot update it',
      )
    let i = this.#positions.findIndex((position) => position.key === key)
    if (i < 0)
      i = this.#positions.findIndex(
        (position) => position.key === undefined && position.variable === variable.name,
      )
    if (i < 0) i = this.#positions.length
    for (const [field, list] of this.#lists())
      if (list[i]) checkSlotShape(field, list[i]!.variable, key, variable.shape)
    this.#positions[i] = { key, variable: variable.name }
  }

  #setLearningRate(rate: number): void {
    // SGD and momentum use a tensor made by this method, and would go on with the old rate if only the field
    // were set.
    if (this.#fields.setLearningRate) this.#fields.setLearningRate(rate)
    else this.#fields.learningRate = rate
  }

  /** The state that is not of one variable: Adam's running powers, Adamax's iteration. */
  #scalars(): [string, tf.Variable][] {
    return Object.entries(this.#fields).filter(
      (entry): entry is [string, tf.Variable] => entry[1] instanceof tf.Variable,
    )
  }

  /** The lists of accumulators; they are empty before the first update. */
  #lists(): [string, Accumulator[]][] {
    return Object.entries(this.#fields).filter((entry): entry is [string, Accumulator[]] => isList(entry[1]))
  }

  #checkScalars(state: StateTree | undefined): [tf.Variable, TensorState][] {
    const table = checkTable(`\`scalars\` in the state of "${this.name}"`, state)
    return this.#scalars().map(([field, variable]) => {
      const tensor = checkTensor(`"${field}" in the state of "${this.name}"`, table[field])
      const { shape } = variable
      if (!tf.util.arraysEqual([...tensor.shape], shape))
        fail(`"${field}" in the state of "${this.name}" has shape [${tensor.shape}], not [${String(shape)}]`)
      return [variable, tensor]
    })
  }
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.every((entry) => entry?.variable instanceof tf.Variable)
}
