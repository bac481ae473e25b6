import type { StateRecord, TrainerHandle, TypedArray } from '@trainyard/core'
import { fail } from '../errors.ts'

/** One tensor on the host: row-major values. */
export interface HostWeight {
  readonly shape: readonly number[]
  readonly data: TypedArray
}

/** Weights by name. */
export type Weights = Readonly<Record<string, HostWeight>>

/** Tells under which name a variable of the module stands in the file: a table, or a function from the variable's name. */
export type WeightNames = Readonly<Record<string, string>> | ((variable: string) => string | undefined)

export interface FitOptions {
  /** Default: the same names. */
  readonly names?: WeightNames | undefined
  /** Whether every variable must be in the file, and nothing else. Default: true. */
  readonly strict?: boolean | undefined
}

/**
 * Gives a module's own weights with those of a file in their places.
 * @throws if a shape differs or nothing fits, or, with `strict`, if a variable or a tensor of the file is left over: it names every one.
 */
export function fitWeights(
  own: StateRecord,
  found: Weights,
  source: string,
  { names = {}, strict = true }: FitOptions = {},
): { weights: StateRecord; left: string[] } {
  const nameOf = typeof names === 'function' ? names : (variable: string) => names[variable]
  const problems: string[] = []
  const left: string[] = []
  const taken = new Set<string>()
  const fitted = Object.entries(own).map(([variable, value]): [string, StateRecord[string]] => {
    const name = nameOf(variable) ?? variable
    const weight = Object.hasOwn(found, name) ? found[name] : undefined
    const { shape } = value as unknown as HostWeight
    if (!weight) {
      left.push(variable)
      return [variable, value]
    }
    taken.add(name)
    if (String(weight.shape) !== String(shape))
      problems.push(
        `"${name}" has shape [${String(weight.shape)}], variable "${variable}" [${String(shape)}]`,
      )
    return [variable, { shape: weight.shape, data: weight.data }]
  })
  const unused = Object.keys(found).filter((name) => !taken.has(name))
  if (strict && left.length > 0) problems.push(`it lacks ${quoted(left)}`)
  if (strict && unused.length > 0) problems.push(`the module has no ${quoted(unused)}`)
  if (taken.size === 0 && problems.length === 0)
    problems.push(`none of its tensors has the name of a variable; it has ${quoted(Object.keys(found))}`)
  if (problems.length > 0)
    fail(
      `"${source}" does not fit the module: ${problems.join('; ')}. Map names with \`names\`, or take what fits with \`strict: false\``,
    )
  return { weights: Object.fromEntries(fitted), left }
}

/** Gives the weights of the trainer's module, as its state has them. */
export async function ownWeights(trainer: Pick<TrainerHandle, 'module'>): Promise<StateRecord> {
  const { weights } = (await trainer.module.getState()) as { weights?: StateRecord }
  const isRecord =
    weights && Object.values(weights).every((weight) => Array.isArray((weight as { shape?: unknown }).shape))
  return isRecord
    ? weights
    : fail(
        'the module keeps no `weights: { name: { shape, data } }` in its state, so weights from elsewhere cannot be given to it',
      )
}

function quoted(names: readonly string[]): string {
  const shown = names
    .slice(0, 10)
    .map((name) => `"${name}"`)
    .join(', ')
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown
}
