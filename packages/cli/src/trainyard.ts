#!/usr/bin/env node
// The command `trainyard`.
import { runCommand } from './run-command.ts'

// `trainyard ls | head` is no error: whoever reads has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  const hasSeenEnough = error.code === 'EPIPE'
  if (!hasSeenEnough) process.stderr.write(`error: cannot print: ${error.message}\n`)
  process.exit(hasSeenEnough ? 0 : 1)
})
// What is being done goes on where nobody reads the notes about it.
process.stderr.on('error', () => {})

process.exitCode = await runCommand(process.argv.slice(2))
