import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fail } from '../errors.ts'
import { checkName } from '../names.ts'
import { syncFolder, temporaryPath } from '../replace-file.ts'
import { Artifact } from './artifact.ts'

/** Gives the path of an artifact below a folder: `<type>/<name><extension>`. */
export function artifactPath(folder: string, artifact: Artifact, name: string): string {
  if (!(artifact instanceof Artifact))
    fail(
      'logArtifact() takes an Artifact, such as `new JSONArtifact(value)` or one of a subclass of your own',
    )
  const { type, extension } = artifact
  const file = checkName('the artifact name', name) + extension
  return join(folder, checkName("the artifact's type", type), checkName('the artifact name', file))
}

/** Writes an artifact under a hidden name, and gives it its own when it is complete and durable. */
export async function saveArtifact(path: string, artifact: Artifact): Promise<void> {
  mkdirSync(dirname(path), { recursive: true })
  const temporary = temporaryPath(path, artifact.extension)
  try {
    await artifact.write(temporary)
    const written = openSync(temporary, 'r')
    try {
      fsyncSync(written)
    } finally {
      closeSync(written)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true, recursive: true })
    throw error
  }
  syncFolder(dirname(path))
}
