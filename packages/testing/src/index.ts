/**
 * A conformance suite for backends of TensorFlow.js, and networks to train and to time on them.
 *
 * ```ts
 * import * as tf from '@tensorflow/tfjs'
 * import { checkBackend, formatTable } from '@trainyard/testing'
 *
 * const report = await checkBackend({ tf, backend: 'wasm' })
 * console.log(formatTable(report.results, { problemsOnly: true }))
 * ```
 *
 * @module
 */
export { checkBackend, type CheckBackendOptions, type Report } from './check-backend.ts'
export type { Exception } from './exceptions.ts'
export { formatTable, type FormatTableOptions } from './format-table.ts'
export { type InputSet, inputSets } from './input-sets.ts'
export {
  createNetwork,
  type CreateNetworkOptions,
  type Network,
  type NetworkDefinition,
  type NetworkParts,
  type NetworkSize,
  trainingLosses,
} from './network.ts'
export { networks } from './networks.ts'
export {
  float,
  given,
  type Input,
  ints,
  type MakeOp,
  type Notes,
  type Op,
  opsOf,
  type TensorFlow,
} from './op.ts'
export { ops } from './ops.ts'
export { largeOps } from './ops/large.ts'
export { isFailure, type Phase, type Result, type Status } from './result.ts'

// Faults
export {
  failAt,
  ignoreAt,
  killAt,
  powerLossAt,
  PowerLossError,
  shortenAt,
  type Which,
} from './faults/faults.ts'
export { type Around, intercept, type Operation, operationText } from './faults/intercept.ts'
export { type MemoryFile, MemoryFileSystem } from './faults/memory-file-system.ts'
export { explorePowerLoss, type ExplorePowerLossOptions } from './faults/explore-power-loss.ts'

// Contracts of what plugs into the core
export { type ModuleContract, testModule } from './contracts/test-module.ts'
export { type CheckpointerContract, testCheckpointer } from './contracts/test-checkpointer.ts'
export {
  type AnyCallback,
  type CallbackContract,
  testCallback,
  type ToyTrainer,
} from './contracts/test-callback.ts'
export { type LoggedScalar, type LoggerContract, testLogger } from './contracts/test-logger.ts'
export type { DefineTest } from './contracts/define-test.ts'
export { toyBatches, ToyModule, type ToyModuleOptions, type ToyOutputs } from './contracts/toy-module.ts'
export { inProcessRanks, shardsOf } from './contracts/in-process-ranks.ts'
