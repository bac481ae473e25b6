import { inspect } from 'node:util'
import type { Callback, Strategy, TrainerHandle } from '@trainyard/core'
import { fail } from './errors.ts'
import { broadcastTree } from './broadcast-tree.ts'
import { describeTree, hashTree } from './state-trees.ts'

/**
 * What a strategy of several ranks does at events of a run: the first action begins with the state of rank zero on all of them, and after each epoch their weights
 * are compared. Ranks that run different programs, or have drifted apart, end the run with an error that names them.
 */
export function dataParallel(strategy: Strategy): Callback {
  const known = new WeakSet<TrainerHandle>()
  return {
    name: 'data parallel',
    async onActionStart(_state, trainer) {
      if (known.has(trainer)) return
      known.add(trainer)
      await compareTrainers(strategy, trainer)
      await shareState(strategy, trainer)
    },
    onException(_state, error) {
      // The strategy prints the message when it ends the job; the process then has no time for more.
      console.error(`[rank ${strategy.globalRank} of ${strategy.worldSize}] ${inspect(error)}`)
    },
    async onEpochEnd({ epoch, step }, trainer) {
      const own = hashTree(await trainer.module.getState())
      const all = await strategy.allGather(own)
      const different = ranksOf(all, (hash) => Buffer.compare(hash, all[0]!) !== 0)
      if (different)
        fail(
          `after epoch ${epoch} (step ${step}) the weights or optimizer slots of ${different} are not those of rank 0; does the program change them on some ranks ` +
            'only, or draw random numbers outside of a step?',
        )
    },
  }
}

/** Compares what a trainer trains, and how, with that of rank zero. */
async function compareTrainers(strategy: Strategy, trainer: TrainerHandle): Promise<void> {
  const own = await describeTrainer(trainer)
  const told = await strategy.broadcast(new TextEncoder().encode(own.join('\n')))
  const first = new TextDecoder().decode(told).split('\n')
  const at = own.findIndex((line, i) => line !== first[i])
  const difference =
    at >= 0
      ? `has \`${own[at]}\`, rank 0 ${first[at] === undefined ? 'has not' : `\`${first[at]}\``}`
      : own.length < first.length
        ? `lacks \`${first[own.length]}\`, which rank 0 has`
        : ''
  const all = (await strategy.allGather(new TextEncoder().encode(difference))).map((bytes) =>
    new TextDecoder().decode(bytes),
  )
  const rank = all.findIndex(Boolean)
  if (rank >= 0)
    fail(
      `the ranks do not train the same: rank ${rank} ${all[rank]}. Every rank has to run the same program with the same settings`,
    )
}

/** What has to be the same on all ranks, a line for each thing. */
async function describeTrainer({
  module,
  maxEpochs,
  maxSteps,
  stepsPerEpoch,
  callbacks,
}: TrainerHandle): Promise<string[]> {
  // Slots come with the checkpoint, which other ranks may not have.
  const { optimizers: _slots, ...weights } = await module.getState()
  const settings = Object.entries({ maxEpochs, maxSteps, stepsPerEpoch })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
  const reads = callbacks.flatMap((callback) => callback.reads ?? []).map((name) => `reads: ${String(name)}`)
  return [...settings, ...reads, ...describeTree(weights)]
}

/** Gives all ranks the weights, slots, counters and callbacks' states of rank zero, which may have come from a checkpoint that they have not. */
async function shareState(strategy: Strategy, trainer: TrainerHandle): Promise<void> {
  const own = await trainer.getState()
  const state = await broadcastTree(strategy, own)
  if (!strategy.globalRank) return
  const { trainer: position, ...rest } = state
  const isSame = JSON.stringify(position) === JSON.stringify(own.trainer)
  await trainer.updateState(isSame ? rest : state)
}

/** Names the ranks whose message is chosen: `rank 1`, `ranks 1, 3`. */
function ranksOf(all: readonly Uint8Array[], isChosen: (message: Uint8Array) => boolean): string | undefined {
  const ranks = [...all.keys()].filter((rank) => isChosen(all[rank]!))
  if (ranks.length === 0) return undefined
  return `${ranks.length === 1 ? 'rank' : 'ranks'} ${ranks.join(', ')}`
}
