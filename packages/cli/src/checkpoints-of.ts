import { join } from 'node:path'
import { type CheckpointEntry, listCheckpoints } from '@trainyard/checkpointer'
import type { StoredRun } from '@trainyard/run-folder'

/** Gives the folder of a run's checkpoints. */
export function checkpointFolder(run: StoredRun): string {
  return join(run.directory, 'checkpoints')
}

/** Lists the checkpoints of a run, from old to new. A complete one may be damaged in what is not looked at here: its bytes. */
export function checkpointsOf(run: StoredRun): Promise<CheckpointEntry[]> {
  return listCheckpoints(checkpointFolder(run))
}
