import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { constants, copyFile, link, mkdir, mkdtemp, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { stagingFolder } from './artifact-upload.ts'
import { fail } from './errors.ts'
import type { ArtifactFile, ArtifactInfo } from './record.ts'

/** What becomes a version of an artifact. */
export interface ArtifactSource {
  /** Letters, digits, dashes, dots and underscores. */
  readonly name: string
  /** For example `model` or `dataset`. */
  readonly type: string
  /** A file, or a folder with all that is in it. */
  readonly path: string
  /** Default: `latest`. */
  readonly aliases?: readonly string[] | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/**
 * Keeps the files of an artifact until they are sent: as links, which cost no space as long as the originals are there, and copies where links cannot be made.
 * @param runFolder The folder of the `.wandb` file.
 * @throws if the name is not one, or a file cannot be read.
 */
export async function stageArtifact(source: ArtifactSource, runFolder: string): Promise<ArtifactInfo> {
  const { name, type, path, aliases = ['latest'], metadata = {} } = source
  if (!/^[\w-][\w.-]{0,127}$/.test(name))
    fail(
      `an artifact's \`name\` must be up to 128 letters, digits, dashes, dots and underscores, not ${JSON.stringify(name)}`,
    )
  const original = resolve(path)
  const isFolder = (await stat(original)).isDirectory()
  const root = isFolder ? original : dirname(original)
  const found = isFolder ? await filesIn(original) : [original]
  const parent = join(runFolder, stagingFolder, name)
  await mkdir(parent, { recursive: true })
  // A folder of its own: in another there may be links, and a copy over one would change the file that it stands for.
  const target = await mkdtemp(join(parent, `${basename(original)}-`))
  const files: ArtifactFile[] = []
  for (const file of found) {
    const inside = relative(root, file)
    const localPath = join(target, inside)
    await mkdir(dirname(localPath), { recursive: true })
    await link(file, localPath).catch(() => copyFile(file, localPath, constants.COPYFILE_EXCL))
    const { size } = await stat(localPath)
    files.push({ path: inside.split(sep).join('/'), digest: await md5(localPath), size, localPath })
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1))
  const lines = files.map((file) => `${file.path}:${file.digest}\n`)
  const digest = createHash('md5')
    .update(['wandb-artifact-manifest-v1\n', ...lines].join(''))
    .digest('hex')
  return { name, type, aliases, metadata: JSON.stringify(metadata), digest, files }
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}

async function md5(file: string): Promise<string> {
  const hash = createHash('md5')
  await pipeline(createReadStream(file), hash)
  return hash.digest('base64')
}
