import { isPromise } from '@trainyard/core'
import { fail } from './errors.ts'

/** What Zod, Valibot, ArkType and others offer: Standard Schema, version 1. */
export interface StandardSchema<Config> {
  readonly '~standard': {
    validate(value: unknown): SchemaResult<Config> | Promise<SchemaResult<Config>>
    /** Not there at run time. */
    readonly types?: { readonly output: Config } | undefined
  }
}

type SchemaResult<Config> =
  | { readonly value: Config; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Checks a config and gives it its type: a schema of a library, or a function that throws. */
export type Schema<Config> = StandardSchema<Config> | ((config: unknown) => Config)

/** @throws naming each value that is wrong. */
export async function checkConfig<Config>(
  schema: Schema<Config> | undefined,
  config: unknown,
): Promise<Config> {
  if (schema === undefined) return config as Config
  if (!('~standard' in schema)) return schema(config)
  const checked = schema['~standard'].validate(config)
  const result = isPromise(checked) ? await checked : checked
  if (result.issues === undefined) return result.value
  const lines = result.issues.map(({ message, path = [] }) => {
    const name = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
    return `\n  ${name ? `${name}: ` : ''}${message}`
  })
  return fail(`the config does not fit its schema:${lines.join('')}`)
}
