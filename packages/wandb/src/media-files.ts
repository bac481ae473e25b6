import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Media, StoredFile } from './media.ts'

/**
 * Writes the files of a medium, under names that follow from key, step and content: a row that comes again after a resume has the same.
 * @param files The folder of files that go with the run.
 */
export function storeMedia(media: Media, key: string, step: number, files: string): StoredFile[] {
  return media.files.map(({ folder, extension, content }) => {
    const sha256 = createHash('sha256').update(content).digest('hex')
    const name = key.replaceAll(/[^\w.-]/g, '_').slice(0, 80)
    const path = `media/${folder}/${name}_${step}_${sha256.slice(0, 20)}.${extension}`
    const target = join(files, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, content)
    return { path, sha256, size: content.length }
  })
}
