// Programs in processes of their own, for tests: bundled from their sources, so that no build is needed.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { onTestFinished } from 'vitest'

/** Bundles TypeScript programs with our packages' sources; gives the paths of what came of them, in the same order. TensorFlow.js stays outside. */
export async function bundlePrograms(...programs: URL[]): Promise<string[]> {
  const paths = programs.map((program) => fileURLToPath(program))
  let folder = dirname(paths[0]!)
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  // Inside node_modules, so that git ignores it and what the package depends on is found from there.
  const outdir = join(folder, 'node_modules/.trainyard-test')
  await build({
    entryPoints: paths,
    outdir,
    entryNames: '[name]',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@trainyard/source'],
    external: ['@tensorflow/*', 'koffi', 'level'],
  })
  return paths.map((path) => join(outdir, basename(path).replace(/\.ts$/, '.mjs')))
}

// As on a machine of CI: progress is plain lines.
const env = { ...process.env, CI: 'true' }

/** Runs a program to its end; gives what it printed, and throws what it printed if it fails. */
export async function runProgram(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { cwd, env })
  return stdout
}

/** Starts a program; unless somebody reads it, what it prints is not kept. */
export function startProgram(
  program: string,
  args: readonly string[],
  cwd: string,
  stdout: 'ignore' | 'pipe' = 'ignore',
): ChildProcess {
  return spawn(process.execPath, [program, ...args], { cwd, env, stdio: ['ignore', stdout, 'ignore'] })
}

/** Makes a folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-program-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}
