#!/usr/bin/env node
// The command `trainyard-wandb-sync`.
import { parseArgs } from 'node:util'
import { messageOf } from './errors.ts'
import { reportText } from './report.ts'
import { syncRun } from './sync-run.ts'

const usage = `Sends runs that were logged to Weights & Biases offline, or that it has not got completely.

  trainyard-wandb-sync [--timeout <seconds>] <path>...

A path is a .wandb file, the folder of a run, or a folder with several runs. What the server has is not sent again.
The API key is that of WANDB_API_KEY or ~/.netrc; WANDB_BASE_URL names another server.`

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      options: { timeout: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    })
    if (values.help || positionals.length === 0) {
      console.log(usage)
      return values.help ? 0 : 2
    }
    const timeout = values.timeout === undefined ? {} : { timeout: { seconds: Number(values.timeout) } }
    let isAllSent = true
    for (const path of positionals)
      for (const report of await syncRun(path, timeout)) {
        console.log(`[wandb] ${reportText(report)}`)
        if (report.error || report.waiting > 0 || report.refusedFiles > 0) isAllSent = false
      }
    return isAllSent ? 0 : 1
  } catch (error) {
    console.error(messageOf(error))
    return 1
  }
}
