import type { Awaitable } from '@trainyard/core'

/**
 * What `logArtifact` can write. A subclass says into which folder of `artifacts/` it goes, with which ending, and writes the file:
 *
 * ```ts
 * class Notes extends Artifact {
 *   readonly type = 'Notes'
 *   readonly extension = '.md'
 *   write = (path: string) => writeFile(path, '# Notes')
 * }
 * ```
 */
export abstract class Artifact {
  /** The name of the folder. */
  abstract readonly type: string
  /** With its dot, as in `.json`. */
  abstract readonly extension: string
  /** Writes the file, at a path that nothing has yet; it gets its name when it is complete. */
  abstract write(path: string): Awaitable<unknown>
}
