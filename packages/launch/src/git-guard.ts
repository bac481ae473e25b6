import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type GitInfo, gitInfo, type RunLogger } from '@trainyard/run-folder'
import { fail } from './errors.ts'
import type { Settings } from './settings.ts'

/** How many files `info.yaml` names. */
const mostFiles = 1000

/** Looks at the repository that the program runs in, as far as the settings of each run ask for it. */
export function checkGit(runs: readonly Settings[]): (GitInfo | undefined)[] {
  const known = new Map<string, GitInfo | undefined>()
  return runs.map(({ git, logger }) => {
    const logDir = resolve(logger.parentLogDir)
    if (git === 'ignore') return undefined
    if (!known.has(logDir)) known.set(logDir, gitInfo(process.cwd(), [logDir]))
    const info = known.get(logDir)
    if (git === 'refuse') refuseChanges(info)
    return info
  })
}

function refuseChanges(info: GitInfo | undefined): void {
  if (!info) return fail('`git: refuse` needs a git repository with a commit; there is none here')
  if (info.changed.length === 0) return
  const shown = info.changed.slice(0, 10).map((line) => `\n  ${line}`)
  const rest = info.changed.length > 10 ? `\n  and ${info.changed.length - 10} more` : ''
  fail(
    `there are changes that are not committed; commit them, or set \`git: record\`:${shown.join('')}${rest}`,
  )
}

/** Writes the commit into a run's info, and what differs from it to `metadata/git.diff`. */
export function recordGit(run: RunLogger, git: GitInfo | undefined): void {
  if (!git) return
  const { commit, repository, changed, diff } = git
  run.updateInfo({
    version_manager: { commit_hash: commit, repo_path: repository, uncommitted: changed.slice(0, mostFiles) },
  })
  if (diff !== '') writeFileSync(join(run.logDir, 'metadata', 'git.diff'), diff)
}
