import { spawnSync } from 'node:child_process'
import { relative } from 'node:path'

export interface GitInfo {
  readonly commit: string
  /** The folder of the repository. */
  readonly repository: string
  /** What differs from the commit, files that git does not know included; empty if nothing does. */
  readonly changed: readonly string[]
  /** The changes of files that git knows. */
  readonly diff: string
}

/**
 * Asks git about a folder; undefined if it is in no repository, there is no commit yet, or git is not installed.
 * @param ignored Folders whose files do not count as changed, such as that of the runs.
 */
export function gitInfo(folder: string, ignored: readonly string[] = []): GitInfo | undefined {
  const git = (...args: string[]): string | undefined => {
    const { status, stdout } = spawnSync('git', args, {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 64 << 20,
      timeout: 30_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return status === 0 ? stdout : undefined
  }
  const commit = git('rev-parse', 'HEAD')?.trim()
  if (commit === undefined) return undefined
  const repository = git('rev-parse', '--show-toplevel')?.trim() ?? folder
  const inside = ignored
    .map((path) => relative(repository, path))
    .filter((path) => path && !path.startsWith('..'))
  const status =
    git('status', '--porcelain', '--', ':/', ...inside.map((path) => `:(top,exclude)${path}`)) ?? ''
  return {
    commit,
    repository,
    changed: status.split('\n').filter(Boolean),
    diff: git('diff', '--no-ext-diff', 'HEAD') ?? 'the changes are too large, or git failed\n',
  }
}
