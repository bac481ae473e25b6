/**
 * A stand-in for the server of Weights & Biases, for tests on Node.
 *
 * ```ts
 * import { WandbStandIn } from '@trainyard/testing/wandb'
 *
 * const server = await WandbStandIn.start()
 * // Log runs to server.url, then look at server.run(id).history.
 * await server.kill()
 * ```
 *
 * @module
 */
export {
  WandbStandIn,
  type WandbFault,
  type WandbRequest,
  type WandbStandInOptions,
} from './wandb-stand-in/wandb-stand-in.ts'
export type { ArtifactRecord } from './wandb-stand-in/operations.ts'
export type { FileStreamBody, RunRecord } from './wandb-stand-in/run-record.ts'
