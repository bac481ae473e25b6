import { deserialize, serialize } from 'node:v8'
import type { Strategy } from '@trainyard/core'
import { messageOf } from '../errors.ts'

/**
 * Calls a function on rank zero alone, and gives what it made, JSON values and typed arrays, to all ranks, each of which has to call this.
 * @throws on rank zero, what the function throws; the strategy then ends the others.
 */
export async function fromRankZero<T>(strategy: Strategy, make: () => T): Promise<T> {
  if (strategy.worldSize === 1) return make()
  let made = new Uint8Array()
  try {
    if (!strategy.globalRank) made = serialize(make())
  } catch (error) {
    // The others wait for it.
    strategy.abort(1, messageOf(error))
    throw error
  }
  return deserialize(await strategy.broadcast(made)) as T
}
