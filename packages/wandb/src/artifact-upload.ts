import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import type { Api, RunPath } from './api.ts'
import type { ArtifactFile, ArtifactInfo } from './record.ts'

type Insist = <T>(ask: () => Promise<T>) => Promise<T>

/**
 * Makes a version of an artifact: its files, then a manifest that names them, then the commit. If the server has the same content already, nothing is sent.
 * @param files The run's `files` folder: what was staged beside it is found after the run's folder has moved, too.
 */
export async function uploadArtifact(
  api: Api,
  run: RunPath,
  artifact: ArtifactInfo,
  files: string,
  insist: Insist,
): Promise<void> {
  const query = <T>(name: string, text: string, variables: object): Promise<T> =>
    insist(() => api.query<T>(name, text, variables))
  const place = { entityName: run.entity, projectName: run.project, runName: run.id }

  const { createArtifact } = await query<{ createArtifact: { artifact: { id: string; state: string } } }>(
    'CreateArtifact',
    createQuery,
    {
      input: {
        ...place,
        artifactTypeName: artifact.type,
        artifactCollectionName: artifact.name,
        digest: artifact.digest,
        digestAlgorithm: 'MANIFEST_MD5',
        enableDigestDeduplication: true,
        metadata: artifact.metadata,
        aliases: artifact.aliases.map((alias) => ({ artifactCollectionName: artifact.name, alias })),
      },
    },
  )
  const { id: artifactID, state } = createArtifact.artifact
  if (state === 'COMMITTED') return

  // Files need a manifest to belong to; its own content is known only after them.
  const createManifest = async (digest: string): Promise<{ id: string; file: UploadTarget | null }> => {
    const variables = {
      ...place,
      artifactID,
      name: 'wandb_manifest.json',
      digest,
      includeUpload: digest !== '',
    }
    const made = await query<CreatedManifest>('CreateArtifactManifest', manifestQuery, variables)
    return made.createArtifactManifest.artifactManifest
  }
  const { id: artifactManifestID } = await createManifest('')

  const contents: Record<string, object> = {}
  for (const file of artifact.files) {
    const answer = await query<CreatedFiles>('CreateArtifactFiles', filesQuery, {
      input: {
        storageLayout: 'V2',
        artifactFiles: [{ artifactID, artifactManifestID, name: file.path, md5: file.digest }],
      },
    })
    const [made] = answer.createArtifactFiles.files.edges.map(({ node }) => node)
    // Without an address the store has the content from another artifact.
    const url = made?.uploadUrl
    if (url) {
      const path = localPath(file, files)
      await checkFile(path, file)
      await insist(() => api.upload(url, made.uploadHeaders, createReadStream(path), file.size))
    }
    contents[file.path] = {
      digest: file.digest,
      size: file.size,
      birthArtifactID: made?.artifact?.id ?? artifactID,
    }
  }

  const manifest = Buffer.from(
    JSON.stringify({
      version: 1,
      storagePolicy: 'wandb-storage-policy-v1',
      storagePolicyConfig: { storageLayout: 'V2' },
      contents,
    }),
  )
  const { file: target } = await createManifest(createHash('md5').update(manifest).digest('base64'))
  const address = target?.uploadUrl
  if (!address) throw new Error('the server gave no address for the manifest')
  await insist(() => api.upload(address, target.uploadHeaders, manifest, manifest.length))
  await query('CommitArtifact', commitQuery, { artifactID })
}

/** @throws if a file is not there, or has changed: to send it would fail, however often it is tried. */
async function checkFile(path: string, { size }: ArtifactFile): Promise<void> {
  const found = await stat(path)
  if (found.size !== size)
    throw new Error(`${path} has ${found.size} bytes, but had ${size} when it was logged`)
}

/** Deletes what was staged: as links it would keep deleted checkpoints on the disk. Files elsewhere are not ours. */
export async function unstage(artifact: ArtifactInfo, files: string): Promise<void> {
  const staged = resolve(files, '..', stagingFolder) + sep
  const paths = artifact.files.map((file) => resolve(localPath(file, files)))
  for (const path of paths.filter((one) => one.startsWith(staged))) await rm(path, { force: true })
}

/** Finds a staged file; only its place in the run's folder counts where that has moved. */
function localPath({ localPath: path }: ArtifactFile, files: string): string {
  if (existsSync(path)) return path
  const staged = path.split(`${sep}${stagingFolder}${sep}`).at(-1)!
  return join(files, '..', stagingFolder, staged)
}

/** The folder of a run in which files of artifacts wait, so that whoever made them may delete them. */
export const stagingFolder = 'artifacts'

interface UploadTarget {
  uploadUrl: string | null
  uploadHeaders?: string[] | null
}

interface CreatedManifest {
  createArtifactManifest: { artifactManifest: { id: string; file: UploadTarget | null } }
}

interface CreatedFiles {
  createArtifactFiles: { files: { edges: { node: UploadTarget & { artifact?: { id: string } } }[] } }
}

const createQuery = `mutation CreateArtifact($input: CreateArtifactInput!) {
  createArtifact(input: $input) { artifact { id state } }
}`

const manifestQuery = `mutation CreateArtifactManifest(
  $artifactID: ID!, $name: String!, $digest: String!, $entityName: String!, $projectName: String!, $runName: String!,
  $includeUpload: Boolean!
) {
  createArtifactManifest(input: {
    artifactID: $artifactID, name: $name, digest: $digest, entityName: $entityName, projectName: $projectName,
    runName: $runName, type: FULL
  }) {
    artifactManifest {
      id
      file { uploadUrl @include(if: $includeUpload) uploadHeaders @include(if: $includeUpload) }
    }
  }
}`

const filesQuery = `mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) {
  createArtifactFiles(input: $input) {
    files { edges { node { uploadUrl uploadHeaders artifact { id } } } }
  }
}`

const commitQuery = `mutation CommitArtifact($artifactID: ID!) {
  commitArtifact(input: { artifactID: $artifactID }) { artifact { id } }
}`
