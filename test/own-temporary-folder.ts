// Gives the tests a temporary folder of their own, which is gone after them, whatever they and the programs that they start have left there.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export function setup(): () => void {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'trainyard-tests-')))
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
