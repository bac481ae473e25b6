import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect, it, vi } from 'vitest'

it('the program of the README trains', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const program = /```ts\n(.*?)```/s.exec(readme)![1]!.replace("'@trainyard/tfjs-wasm'", "'../src/index.ts'")
  const file = fileURLToPath(new URL('readme-program.ts', import.meta.url))
  const log = vi.spyOn(console, 'log').mockReturnValue()
  writeFileSync(file, program)
  try {
    await import(/* @vite-ignore */ file)
  } finally {
    rmSync(file)
  }
  const losses = log.mock.calls.at(-1)![0] as number[]
  log.mockRestore()
  expect(losses).toHaveLength(10)
  expect(losses.at(-1)!).toBeLessThan(losses[0]!)
})
