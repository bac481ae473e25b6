#!/usr/bin/env node
// The command `trainyard`.
import { runCommand } from './run-command.ts'

// `trainyard ls | head` is no error: whoever reads has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

process.exitCode = await runCommand(process.argv.slice(2))
