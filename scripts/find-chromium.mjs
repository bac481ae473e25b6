import { spawnSync } from 'node:child_process'

export const noChromium = 'there is no chromium; install one, or name one with TRAINYARD_CHROMIUM'

/** Gives the program of a Chromium that starts here, or undefined. */
export function findChromium() {
  return [process.env.TRAINYARD_CHROMIUM, 'chromium', 'google-chrome'].find(
    (program) => program && spawnSync(program, ['--version'], { timeout: 30_000 }).status === 0,
  )
}
