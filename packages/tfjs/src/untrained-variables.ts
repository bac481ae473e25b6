import * as tf from '@tensorflow/tfjs'

/**
 * The variables that a batch changes without an optimizer, such as the moving statistics of batch norm, as they were before the step under way. A step that
 * is left out must not leave its NaN in them.
 */
export class UntrainedVariables {
  #before: { name: string; variable: tf.Variable; value: tf.Tensor }[] | undefined

  /** Remembers them at the first batch of a step. A clone shares its memory with the variable, until that gets a new value. */
  open(variables: ReadonlyMap<string, tf.Variable>, trained: ReadonlyMap<string, tf.Variable>): void {
    this.#before ??= [...variables]
      .filter(([name]) => !trained.has(name))
      .map(([name, variable]) => ({ name, variable, value: tf.keep(variable.clone()) }))
  }

  /** Gives those that have a new value. Whole numbers, which have no mean, are left out: they count what is the same on every rank. */
  changed(): Map<string, tf.Variable> {
    const changed = (this.#before ?? []).filter(
      ({ variable, value }) => variable.dataId !== value.dataId && variable.dtype === 'float32',
    )
    return new Map(changed.map(({ name, variable }) => [name, variable]))
  }

  /** Ends the step; puts them back if it is left out. */
  close(restore: boolean): void {
    for (const { variable, value } of this.#before ?? []) {
      if (restore) variable.assign(value)
      value.dispose()
    }
    this.#before = undefined
  }
}
