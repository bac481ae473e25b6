import { check, fail } from '../errors.ts'
import { isRecord, type PlainRecord, plainCopy } from '../plain-tree.ts'
import { yamlText } from '../yaml.ts'
import { findSecret } from './redact.ts'

export interface RunOptions {
  /** What the run was given; kept in `metadata/config.yaml`. A run that goes on keeps its first one. */
  readonly config?: Readonly<Record<string, unknown>> | undefined
  /** Words to find the run by. */
  readonly tags?: readonly string[] | undefined
  /** Writes a run that another process seems to be writing. Default: false. */
  readonly takeOver?: boolean | undefined
}

/** Checks the options before there is a folder, and gives a copy of the config. */
export function checkRunOptions({ config, tags = [] }: RunOptions): PlainRecord {
  const areTags = Array.isArray(tags) && tags.every((tag) => typeof tag === 'string' && tag !== '')
  check(areTags, 'tags', 'a list of texts', JSON.stringify(tags))
  const copy = plainCopy('the `config`', config ?? {})
  if (!isRecord(copy)) return fail('the `config` must hold keys and values')
  const name = findSecret(copy)
  if (name !== undefined)
    fail(`the \`config\` has a "${name}", which would be written to every run; keep it in the environment`)
  yamlText('the `config`', copy)
  return copy as PlainRecord
}
