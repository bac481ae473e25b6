// The thread that finishes asynchronous saves. Its bundle is `save-worker-code.ts`, so that it runs from source, from `dist` and from any program's
// bundle alike; `test/save-worker.test.ts` keeps the two the same.
import { parentPort, workerData } from 'node:worker_threads'
import { codeOf, messageOf } from './errors.ts'
import type { FileSystemModule } from './file-system.ts'
import { loadFileSystem } from './load-file-system.ts'
import { performSave, type PerformedSave, type PreparedSave } from './perform-save.ts'

/** What the thread answers to each save. */
export type SaveReply =
  | { readonly saved: PerformedSave }
  | { readonly error: { readonly message: string; readonly code: string | undefined } }

const files = loadFileSystem((workerData as { files?: FileSystemModule }).files)
// Whoever saves first gets to know.
files.catch(() => undefined)

parentPort!.on('message', async (save: PreparedSave) => {
  let reply: SaveReply
  try {
    reply = { saved: await performSave(await files, save) }
  } catch (error) {
    reply = { error: { message: messageOf(error), code: rootCode(error) } }
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort!.postMessage(reply)
})

function rootCode(error: unknown): string | undefined {
  return codeOf(error) ?? (error instanceof Error && error.cause ? rootCode(error.cause) : undefined)
}
