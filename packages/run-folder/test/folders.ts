import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readYaml } from '@trainyard/run-folder'
import { afterAll } from 'vitest'

const made: string[] = []

afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** Makes a folder that is deleted after the tests. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-run-folder-'))
  made.push(folder)
  return folder
}

/** Gives the files below a folder. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted()
}

export function read(...path: string[]): string {
  return readFileSync(join(...path), 'utf8')
}

/** Gives the lines of a metrics file, as they stand there. */
export function linesOf(logDir: string, logName: string): string[] {
  return read(logDir, 'metrics', `${logName}.json`).trimEnd().split('\n')
}

/** Gives what a run says of itself. */
export function info(run: { logDir: string }): Record<string, unknown> {
  return readYaml(join(run.logDir, 'metadata', 'info.yaml')) as Record<string, unknown>
}
