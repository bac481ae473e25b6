import { say } from './figures.ts'

/** One of the things that are compared; does the same number of steps at each call. */
export type Contender = () => unknown

export interface BlockSettings {
  /** Blocks of each contender that count. */
  readonly blocks: number
  /** Blocks of each before, in which code is compiled and memory grows. */
  readonly warmUp: number
  /** Steps that a call of a contender does. */
  readonly steps: number
  /**
   * Wall time after which no further round begins: on a busy machine there are fewer blocks, and wider
   * intervals.
   */
  readonly maxSeconds: number
}

/** A number, with the ends of its 95 % confidence interval. */
export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
}

/**
 * Times contenders in turn, one block of each a round, in an order drawn anew for each round: what disturbs
 * the machine for longer than a round hits all of them, and none always runs after the same other. Gives, by
 * name, the microseconds of CPU time a step of each block; blocks of the same index are of the same round.
 *
 * CPU time counts all threads of the process, so also the compiler's and the garbage collector's; unlike wall
 * time it does not count other processes.
 */
export async function interleave<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  { blocks, warmUp, steps, maxSeconds }: BlockSettings,
): Promise<Record<Name, number[]>> {
  const entries = Object.entries<Contender>(contenders) as [Name, Contender][]
  const times = Object.fromEntries(entries.map(([name]) => [name, []])) as unknown as Record<Name, number[]>
  const end = performance.now() + maxSeconds * 1000
  for (let round = -warmUp; round < blocks; round++) {
    if (round > 0 && round % 10 === 0) say(`round ${round} of ${blocks}`)
    if (round > 1 && performance.now() > end) {
      say(`${maxSeconds} seconds are over: ${round} rounds instead of ${blocks}`)
      break
    }
    for (const [name, run] of shuffled(entries)) {
      const time = await cpuTime(run)
      if (round >= 0) times[name].push(time / steps)
    }
  }
  return times
}

/** Gives the microseconds of CPU time that a function takes. */
async function cpuTime(run: Contender): Promise<number> {
  // Each block pays for the garbage it makes, not for its predecessor's. Only young objects are collected
  // here: a full collection would also throw away compiled code.
  globalThis.gc?.({ type: 'minor' })
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** Gives the middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Estimates by how much `a` is larger than `b`: the median over rounds of `a - b`. */
export function difference(a: readonly number[], b: readonly number[]): Estimate {
  return bootstrap(a.map((value, round) => value - b[round]!))
}

/** Estimates how many times `b` goes into `a`: the median over rounds of `a / b`. */
export function ratio(a: readonly number[], b: readonly number[]): Estimate {
  return bootstrap(a.map((value, round) => value / b[round]!))
}

/**
 * Estimates the median of a sample. The interval is the percentile bootstrap's (Efron and Tibshirani, 1993,
 * chapter 13).
 */
function bootstrap(sample: readonly number[], resamples = 5000): Estimate {
  const drawn = (): number => sample[Math.floor(Math.random() * sample.length)]!
  const medians = Array.from({ length: resamples }, () => median(Array.from(sample, drawn)))
  medians.sort((a, b) => a - b)
  const at = (share: number): number => medians[Math.floor(share * (resamples - 1))]!
  return { value: median(sample), low: at(0.025), high: at(0.975) }
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, key: Math.random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item)
}

/** Writes an estimate with its interval. */
export function estimateText({ value, low, high }: Estimate): string {
  return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`
}
