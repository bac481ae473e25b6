import type { RunRecord } from './run-record.ts'
import type { WandbStandIn } from './wandb-stand-in.ts'

/** A version of an artifact that the stand-in got. */
export interface ArtifactRecord {
  readonly name: string
  readonly type: string
  readonly digest: string
  readonly aliases: readonly string[]
  readonly files: Map<string, Uint8Array>
  isCommitted: boolean
}

/** Answers an operation of W&B's GraphQL interface, as far as clients need it for runs; gives undefined for one that it does not know. */
export function answer(server: WandbStandIn, operation: string, variables: Record<string, unknown>): unknown {
  const { entity, project, name, id } = variables as Record<string, string | undefined>
  switch (operation) {
    case 'Viewer':
      return {
        viewer: {
          id: 'viewer',
          entity: 'me',
          username: 'me',
          email: 'me@example.com',
          flags: '{}',
          teams: { edges: [{ node: { name: 'me' } }] },
        },
      }
    case 'ServerFeaturesQuery':
    case 'ServerFeatures':
      return { serverInfo: { features: [] } }
    case 'RunResumeStatus': {
      const run = server.runs.get(name ?? '')
      return {
        model: {
          id: 'project',
          name: project,
          entity: { id: 'entity', name: entity ?? 'me' },
          bucket: run?.bucket() ?? null,
        },
      }
    }
    case 'UpsertBucket': {
      const known = server.runs.has(name ?? id ?? '')
      const run = server.runOf(name ?? id ?? '', entity ?? 'me', project ?? 'uncategorized')
      for (const [key, value] of Object.entries(variables))
        if (value !== null && value !== undefined) run.told[key] = value
      return { upsertBucket: { bucket: upserted(run), inserted: !known } }
    }
    case 'CreateRunFiles': {
      const files = variables['files'] as string[]
      const { run } = variables as unknown as { run: string }
      const address = (file: string): string =>
        `${server.url}/upload/${encodeURIComponent(run)}/${encodeURIComponent(file)}`
      return {
        createRunFiles: {
          runID: run,
          uploadHeaders: [],
          files: files.map((file) => ({ name: file, uploadUrl: address(file) })),
        },
      }
    }
    case 'CreateArtifact': {
      const input = variables['input'] as Record<string, string> & { aliases?: { alias: string }[] }
      const made: ArtifactRecord = {
        name: input['artifactCollectionName'] ?? '',
        type: input['artifactTypeName'] ?? '',
        digest: input['digest'] ?? '',
        aliases: (input.aliases ?? []).map(({ alias }) => alias),
        files: new Map(),
        isCommitted: false,
      }
      const same = server.artifacts.findIndex(
        ({ name: other, digest }) => other === made.name && digest === made.digest,
      )
      const index = same >= 0 ? same : server.artifacts.push(made) - 1
      const state = server.artifacts[index]!.isCommitted ? 'COMMITTED' : 'PENDING'
      return {
        createArtifact: {
          artifact: { id: String(index), state, artifactSequence: { latestArtifact: null } },
        },
      }
    }
    case 'CreateArtifactManifest': {
      const artifact = String(variables['artifactID'])
      const uploadUrl = artifactAddress(server, artifact, 'wandb_manifest.json')
      const file = variables['includeUpload'] ? { id: 'file', uploadUrl, uploadHeaders: [] } : null
      return { createArtifactManifest: { artifactManifest: { id: artifact, file } } }
    }
    case 'CreateArtifactFiles': {
      const { artifactFiles } = variables['input'] as {
        artifactFiles: { artifactID: string; name: string }[]
      }
      const node = (file: { artifactID: string; name: string }) => ({
        storagePath: file.name,
        uploadUrl: artifactAddress(server, file.artifactID, file.name),
        uploadHeaders: ['content-type: application/octet-stream'],
        uploadMultipartUrls: null,
        artifact: { id: file.artifactID },
      })
      return {
        createArtifactFiles: { files: { edges: artifactFiles.map((file) => ({ node: node(file) })) } },
      }
    }
    case 'CommitArtifact': {
      const artifact = server.artifacts[Number(variables['artifactID'])]!
      artifact.isCommitted = true
      return { commitArtifact: { artifact: { id: variables['artifactID'], digest: artifact.digest } } }
    }
    case 'RunStoppedStatus':
      return { project: { run: { stopped: false } } }
    default:
      return undefined
  }
}

function upserted(run: RunRecord): object {
  return {
    id: `bucket-${run.id}`,
    name: run.id,
    displayName: run.told['displayName'] ?? run.id,
    description: null,
    config: run.told['config'] ?? '{}',
    sweepName: null,
    historyLineCount: run.lines('wandb-history.jsonl').length,
    project: { id: 'project', name: run.project, entity: { id: 'entity', name: run.entity } },
  }
}

function artifactAddress(server: WandbStandIn, artifact: string, file: string): string {
  return `${server.url}/artifact/${artifact}/${encodeURIComponent(file)}`
}
