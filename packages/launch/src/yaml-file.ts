import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type PlainRecord, readYaml, yamlText } from '@trainyard/run-folder'
import { fail } from './errors.ts'

/** Reads a YAML file of keys and values; makes it, with its defaults, if there is none. */
export function readOrMakeYaml(path: string, defaults: object): PlainRecord {
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, yamlText(`"${path}"`, defaults), { flag: 'wx' })
  }
  const record = readYaml(path)
  if (record === null) return {}
  if (typeof record !== 'object' || Array.isArray(record)) fail(`"${path}" must hold keys and values`)
  return record as PlainRecord
}
