/**
 * Data-parallel training over MPI: the same program on every rank, one strategy more.
 *
 * ```ts
 * import { Trainer } from '@trainyard/core'
 * import { mpi } from '@trainyard/mpi'
 *
 * const trainer = new Trainer({ module, data, maxEpochs: 3, strategy: await mpi() })
 * await trainer.train()
 * ```
 *
 * Started by hand it trains alone; `npx trainyard-mpi -n 4 train.mjs` starts four ranks.
 *
 * @module
 */
export { mpi, type MpiOptions, type MpiStrategy } from './mpi.ts'
export { dataParallel } from './data-parallel.ts'
export { detectRanks, type Ranks, withoutRanks } from './detect-ranks.ts'
