import { check, fail } from '../errors.ts'
import { isRecord, type PlainRecord, plainCopy } from '../plain-tree.ts'
import { yamlText } from '../yaml.ts'
import { findSecret } from './redact.ts'

export interface RunOptions {
  /** What the run was given; kept in `metadata/config.yaml`. A run that goes on keeps its first one. */
  readonly config?: Readonly<Record<string, unknown>> | undefined
  /** What the config was before a schema changed it, from which a resume can make it again; kept as `given_config` in `metadata/info.yaml`. Default: the same. */
  readonly givenConfig?: Readonly<Record<string, unknown>> | undefined
  /** Words to find the run by. */
  readonly tags?: readonly string[] | undefined
  /** Writes a run that another process seems to be writing. Default: false. */
  readonly takeOver?: boolean | undefined
}

/** What a run was given, as it can be written down. */
interface GivenConfigs {
  readonly config: PlainRecord
  readonly givenConfig: PlainRecord | undefined
}

/** Checks the options before there is a folder, and gives copies of the configs. */
export function checkRunOptions({ config, givenConfig, tags = [] }: RunOptions): GivenConfigs {
  const areTags = Array.isArray(tags) && tags.every((tag) => typeof tag === 'string' && tag !== '')
  check(areTags, 'tags', 'a list of texts', JSON.stringify(tags))
  return {
    config: checkedCopy('config', config ?? {}),
    givenConfig: givenConfig && checkedCopy('givenConfig', givenConfig),
  }
}

function checkedCopy(option: string, config: unknown): PlainRecord {
  const what = `the \`${option}\``
  const copy = plainCopy(what, config)
  if (!isRecord(copy)) return fail(`${what} must hold keys and values`)
  const name = findSecret(copy)
  if (name !== undefined)
    fail(`${what} has a "${name}", which would be written to every run; keep it in the environment`)
  yamlText(what, copy)
  return copy as PlainRecord
}
