import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type PlainRecord, readYaml, yamlText } from '@trainyard/run-folder'
import { fail } from './errors.ts'

/** Reads a YAML file of keys and values; makes it, with its defaults, if there is none. */
export function readOrMakeYaml(path: string, defaults: object): PlainRecord {
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true })
    // Another process may be making it, too, or reading it already.
    const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`)
    writeFileSync(temporary, yamlText(`"${path}"`, defaults))
    renameSync(temporary, path)
  }
  const record = readYaml(path)
  if (record === null) return {}
  if (typeof record !== 'object' || Array.isArray(record)) fail(`"${path}" must hold keys and values`)
  return record as PlainRecord
}
