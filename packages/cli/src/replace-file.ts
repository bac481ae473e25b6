import { closeSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fail, messageOf } from './errors.ts'

/** Writes parts of text to a file in place of one of that name; after an error the old one is there as it was. */
export function replaceFile(path: string, parts: Iterable<string>): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`)
  try {
    const file = openSync(temporary, 'w')
    try {
      for (const part of parts) writeFileSync(file, part)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    fail(`cannot write "${path}": ${messageOf(error)}`, { cause: error })
  }
}
