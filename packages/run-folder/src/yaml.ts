import { readFileSync, statSync } from 'node:fs'
import { CORE_SCHEMA, dump, loadAll, mergeTag, YAMLException } from 'js-yaml'
import { fail } from './errors.ts'
import { checkTreeSize, type PlainValue, plainCopy, TreeSizeError } from './plain-tree.ts'

/** In bytes. What a person writes, or a program about a run, has a few thousand. */
const largestFile = 1 << 20

const schema = CORE_SCHEMA.withTags(mergeTag)

/**
 * Reads a YAML file of one document; gives null for an empty one. Tags that would make anything but plain values are refused.
 * @throws naming the path, if it is larger than a megabyte, is no YAML, or stands for more values than a file of that size may: a bomb.
 */
export function readYaml(path: string): PlainValue {
  const { size } = statSync(path)
  if (size > largestFile) fail(`"${path}" has ${size} bytes; a YAML file about a run may have ${largestFile}`)
  return parseYaml(readFileSync(path, 'utf8'), path)
}

/** Reads YAML; `path` is for messages. */
export function parseYaml(text: string, path: string): PlainValue {
  try {
    const documents = loadAll(text, { schema, maxAliases: 10_000 })
    if (documents.length > 1) fail(`"${path}" has ${documents.length} YAML documents instead of one`)
    const tree = documents[0] ?? null
    checkTreeSize(tree)
    return tree as PlainValue
  } catch (error) {
    if (error instanceof TreeSizeError) return fail(`"${path}" ${error.message}`)
    if (!(error instanceof YAMLException)) throw error
    const { mark, reason } = error
    const where = mark ? ` in line ${mark.line + 1}, column ${mark.column + 1}` : ''
    return fail(`"${path}" is not YAML: ${reason}${where}`, { cause: error })
  }
}

/**
 * Writes YAML that YAML 1.1 (PyYAML) and 1.2 read as the same values.
 * @throws naming what it is, if something in it is not plain, or it is too large to be read again.
 */
export function yamlText(what: string, tree: unknown): string {
  const text = dump(plainCopy(what, tree), { noRefs: true, lineWidth: -1 })
  const size = Buffer.byteLength(text)
  if (size > largestFile)
    fail(
      `${what} has ${size} bytes as YAML; it may have ${largestFile}. Keep what is large in files of its own`,
    )
  return text
}
