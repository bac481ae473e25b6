import type { Host } from './host.ts'

/** How many milliseconds the loop computes before it lets timers, signals and I/O run. */
const turnEvery = 50

/** So many steps go by without a look at the clock while they are short: a look can cost as much as the rest of the loop. */
const shortSteps = 16

/** Lets the event loop run while a trainer computes, and watches how long that takes. */
export interface Turns {
  /** From now on the time is over after so many milliseconds. */
  allow(time: number): void
  /** Gives the event loop a turn, when it is time for one. */
  next(): Promise<void> | undefined
}

/** @param onOver Called at each look at the clock after the time is over. */
export function createTurns(host: Host, onOver: () => void): Turns {
  let deadline = 0
  let lastTurn = 0
  let lastLook = 0
  let unlooked = 0
  return {
    allow(time) {
      deadline = host.now() + time
    },
    next() {
      if (unlooked-- > 0) return undefined
      const now = host.now()
      unlooked = now - lastLook < 1 ? shortSteps : 0
      lastLook = now
      if (now >= deadline) onOver()
      if (now - lastTurn < turnEvery) return undefined
      return host.turn().then(() => void (lastTurn = host.now()))
    },
  }
}
