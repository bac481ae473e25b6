/** The newest that this process has given out, or seen in a manifest; milliseconds. */
let newest = 0

/** Notes when a checkpoint was saved that this process has seen. */
export function noteSaveTime(savedAt: string): void {
  newest = Math.max(newest, Date.parse(savedAt))
}

/**
 * Gives the time of a save: that of the clock, but later than every one before it, also where the clock has been set back. So the order of times is that
 * of saves, and a run that goes on from a checkpoint saves newer ones (after Lamport's clocks).
 */
export function nextSaveTime(): string {
  newest = Math.max(newest + 1, Date.now())
  return new Date(newest).toISOString()
}
