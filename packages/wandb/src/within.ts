/** What timers can wait at most, in milliseconds: with more they do not wait at all. */
export const longestWait: number = 2 ** 31 - 1

/** Waits for a promise, but no longer than so many milliseconds; the process stays alive meanwhile. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([promise, new Promise((over) => (timer = setTimeout(over, ms)))])
  clearTimeout(timer)
}
