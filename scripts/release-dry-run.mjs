// Does all of a release but the upload, in a clone of the last commit: takes up the changesets, builds, and packs. `pnpm release-dry-run` prints the changelogs that the
// packages would get. What is not committed is not in it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const clone = mkdtempSync(join(tmpdir(), 'trainyard-release-'))
try {
  run('git', 'clone', '--quiet', resolve('.'), clone)
  const pending = readdirSync(join(clone, '.changeset')).filter((file) => file.endsWith('.md'))
  assert.ok(
    pending.length > 0,
    'There is nothing to release: .changeset/ has no changeset. `pnpm changeset` writes one.',
  )
  run('npx', '-y', 'pnpm', 'install', '--frozen-lockfile')
  const before = packagesOf(clone)
  run('npx', 'changeset', 'version')
  const after = packagesOf(clone)
  for (const [i, { folder, name, version }] of after.entries()) {
    assert.notEqual(version, before[i].version, `${name} stays at ${version}`)
    console.log(changesOf(folder, name, version))
  }
  // The new versions must not ask for another lock file.
  run('npx', '-y', 'pnpm', 'install', '--frozen-lockfile', '--offline')
  run('npx', '-y', 'pnpm', 'build', '--output-logs=errors-only')
  run('npx', '-y', 'pnpm', '-r', 'publish', '--dry-run', '--no-git-checks')
  console.log(
    `${after.length} packages would be published as ${after[0].version}. CONTRIBUTING.md says how to do it.`,
  )
} finally {
  rmSync(clone, { recursive: true, force: true })
}

function packagesOf(root) {
  return readdirSync(join(root, 'packages')).map((file) => {
    const folder = join(root, 'packages', file)
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return { folder, name, version }
  })
}

/** Gives the part of a changelog that is about a version. */
function changesOf(folder, name, version) {
  const text = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8')
  const [, own] = text.split(`\n## ${version}\n`)
  assert.ok(own, `the changelog of ${name} says nothing of ${version}`)
  return `${name} ${version}\n${own.split('\n## ')[0]}`
}

function run(command, ...args) {
  const { status } = spawnSync(command, args, { cwd: clone, stdio: 'inherit' })
  assert.equal(status, 0, `${command} ${args.join(' ')} failed`)
}
