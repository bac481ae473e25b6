import type { PlainRecord } from '@trainyard/run-folder'
import { fail } from './errors.ts'
import { similar } from './similar.ts'

/** What `trainyard.yaml` says: how runs are logged, whatever their config is. */
export interface Settings {
  readonly logger: {
    /** The folder of the numbered folders. */
    readonly parentLogDir: string
    /** The run to go back to; -1: a new one. */
    readonly forcedLogId: number
    /** Whether to start a run of that number if there is none. */
    readonly createIfMissing: boolean
    /** Whether to write a run that another process seems to be writing. */
    readonly takeOver: boolean
    /** Whether to write what is printed to `log.stdout` and `log.stderr`, too. */
    readonly logStreamsToFile: boolean
  }
  /** Whether to keep the run's folder; without, it is a temporary one. */
  readonly useLogger: boolean
  /** What to do about changes that are not committed. */
  readonly git: 'ignore' | 'record' | 'refuse'
}

export const defaultSettings: Settings = {
  logger: {
    parentLogDir: './logs',
    forcedLogId: -1,
    createIfMissing: false,
    takeOver: false,
    logStreamsToFile: false,
  },
  useLogger: true,
  git: 'ignore',
}

const gitWords: readonly unknown[] = ['ignore', 'record', 'refuse']

/**
 * Checks settings, and fills in what is not said.
 * @param source Where they are from, for messages.
 */
export function checkSettings(settings: PlainRecord, source: string): Settings {
  return filled(settings, defaultSettings as unknown as PlainRecord, source, '') as unknown as Settings
}

function filled(given: PlainRecord, defaults: PlainRecord, source: string, prefix: string): PlainRecord {
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(defaults, key)) continue
    const known = Object.keys(defaults).map((name) => prefix + name)
    const meant = similar(prefix + key, known)
    fail(
      `${source} has no setting "${prefix}${key}"${meant ? `; did you mean "${meant}"?` : ''} There are: ${known.join(', ')}`,
    )
  }
  return Object.fromEntries(
    Object.entries(defaults).map(([key, usual]) => {
      const value = given[key] ?? usual
      const name = prefix + key
      const wrong = (expected: string): never =>
        fail(`the setting "${name}" in ${source} must be ${expected}, not ${JSON.stringify(value)}`)
      if (name === 'git' && !gitWords.includes(value)) wrong(`one of ${gitWords.join(', ')}`)
      if (typeof usual !== 'object' || usual === null) {
        if (typeof value !== typeof usual) wrong(`a ${typeof usual === 'string' ? 'text' : typeof usual}`)
        return [key, value]
      }
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return wrong('a group of settings')
      return [key, filled(value as PlainRecord, usual as PlainRecord, source, `${name}.`)]
    }),
  )
}
