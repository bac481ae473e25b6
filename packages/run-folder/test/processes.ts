import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** Bundles a program of these tests, so that processes of its own can run it, and gives its path. */
export async function bundleWorker(name: string): Promise<string> {
  // Inside node_modules, so that git ignores it and packages are found from there.
  const folder = path('../node_modules/.trainyard-test')
  mkdirSync(folder, { recursive: true })
  const worker = `${folder}/${name}.mjs`
  await build({
    entryPoints: [path(`${name}.ts`)],
    outfile: worker,
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['@trainyard/source'],
    external: ['@tensorflow/*'],
  })
  return worker
}

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program; `act` may do something to it whenever it has printed. */
export function runProcess(
  worker: string,
  args: readonly string[],
  act: (stdout: string, child: ChildProcess) => void = () => {},
  cwd?: string,
): Promise<Ended> {
  const child = spawn(process.execPath, [worker, ...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    act(stdout, child)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (code, signal) => done({ code, signal, stdout, stderr }))
  })
}
