import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { beforeAll, expect, test } from 'vitest'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
// Inside node_modules, so that git ignores it and the packages are found from there.
const program = path('../node_modules/.trainyard-test/main.mjs')

beforeAll(async () => {
  mkdirSync(path('../node_modules/.trainyard-test'), { recursive: true })
  await build({
    entryPoints: [path('../src/main.ts')],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['@trainyard/source'],
    external: ['@tensorflow/*'],
  })
})

async function quickstart(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], {
    env: { ...process.env, CI: 'true' },
  })
  return stdout
}

test('the quickstart learns real digits within 60 steps and says what to try next', async () => {
  const output = await quickstart('--steps', '60', '--filters', '8')
  expect(output).toContain('backend wasm')
  expect(output).toContain('on 60,000 digits')
  const share = Number(/Test accuracy: ([\d.]+) % of 10,000 digits/.exec(output)?.[1])
  expect(share).toBeGreaterThan(75)
  expect(output).toContain('after 60 steps')
  expect(output).toContain('What next?')
})

test('the same settings give the same accuracy, to the last digit', async () => {
  const [one, again] = await Promise.all([1, 2].map(() => quickstart('--steps', '10', '--filters', '4')))
  const share = /Test accuracy: [\d.]+/
  expect(share.exec(again!)?.[0]).toBe(share.exec(one!)?.[0])
})

test('a setting that does not exist, or is no number, is an error that names it', async () => {
  await expect(quickstart('--epoch', '3')).rejects.toThrow("Unknown option '--epoch'")
  await expect(quickstart('--epochs', 'many')).rejects.toThrow('--epochs must be a number, not many')
})
