import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { codeOf } from '../errors.ts'
import type { PlainRecord } from '../plain-tree.ts'
import { versionText } from '../run/run-info.ts'

interface Place {
  readonly dir?: string | undefined
  readonly name?: string | undefined
  readonly version?: string | undefined
  readonly useDatetimeVersion?: boolean | undefined
  readonly explicitLogDir?: string | undefined
}

/**
 * Gives the folder of a run, and makes it: `dir/name/version`; without a version the date and time; and if the run is to be resumed, which only works
 * in the same folder again, `dir/name`.
 */
export function chooseDirectory(place: Place, isResumed: boolean): string {
  const {
    dir = './experiments',
    name = 'default',
    version,
    useDatetimeVersion = true,
    explicitLogDir,
  } = place
  const parent = join(dir, name)
  if (explicitLogDir === undefined && version === undefined && useDatetimeVersion && !isResumed)
    return makeDatedFolder(resolve(parent))
  const directory = resolve(explicitLogDir ?? (version === undefined ? parent : join(parent, version)))
  mkdirSync(directory, { recursive: true })
  return directory
}

/** Two runs that start in the same second get different folders. */
function makeDatedFolder(parent: string): string {
  mkdirSync(parent, { recursive: true })
  const date = versionText(new Date())
  for (let n = 1; ; n++) {
    const directory = join(parent, n === 1 ? date : `${date}_${n}`)
    try {
      mkdirSync(directory)
      return directory
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }
}

/** What `metadata/mlxpy.yaml` says of a named run. */
export function experimentSettings({
  dir,
  name,
  version,
  useDatetimeVersion,
  explicitLogDir,
}: Place): PlainRecord {
  return {
    logger: {
      name: 'ExperimentLogger',
      dir: dir ?? null,
      experiment: name ?? null,
      version: version ?? null,
      use_datetime_version: useDatetimeVersion ?? true,
      explicit_log_dir: explicitLogDir ?? null,
    },
  }
}
