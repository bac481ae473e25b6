import { wholeNumber } from './errors.ts'

/** A checkpoint that a run has saved. */
export interface Saved {
  /** The name of its directory. */
  readonly name: string
  readonly step: number
  readonly epoch: number
  /** The exact value of what is monitored; nothing where it was not known at this step. */
  readonly score: number | undefined
}

/** Decides what to keep: gets all that is saved, oldest first, and gives what must stay. */
export type Keep = (saved: readonly Saved[]) => readonly Saved[]

/** Keeps everything. */
export const keepAll: Keep = (saved) => saved

/** Keeps the `n` that were saved last. */
export function keepNewest(n: number): Keep {
  wholeNumber('keepNewest', n, 0)
  return (saved) => (n === 0 ? [] : saved.slice(-n))
}

/** Keeps the `n` with the best scores. NaN, or no score, is never among them; of equal ones the older is better. */
export function keepBest(n: number, mode: 'min' | 'max' = 'min'): Keep {
  wholeNumber('keepBest', n, 0)
  return (saved) => ranked(saved, mode).slice(0, n)
}

/** Keeps what one of several keeps. */
export function keepAny(...policies: readonly Keep[]): Keep {
  return (saved) => {
    const kept = new Set(policies.flatMap((policy) => policy(saved)))
    return saved.filter((one) => kept.has(one))
  }
}

/** Gives those that have a score, best first. */
export function ranked(saved: readonly Saved[], mode: 'min' | 'max'): readonly Saved[] {
  const sign = mode === 'min' ? 1 : -1
  // The order of equals stays, so the older comes first.
  return saved
    .filter(({ score }) => score !== undefined && !Number.isNaN(score))
    .toSorted((a, b) => sign * (a.score! < b.score! ? -1 : Number(a.score! > b.score!)))
}
