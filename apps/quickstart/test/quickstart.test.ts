import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

const folder = (): string => mkdtempSync(join(tmpdir(), 'trainyard-quickstart-'))

async function quickstart(args: string, cwd = folder()): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args.split(' ')], {
    cwd,
    env: { ...process.env, CI: 'true' },
  })
  return stdout
}

/** The weights with which a run ended. */
function weights(cwd: string): Buffer {
  const runs = join(cwd, 'runs/quickstart')
  return readFileSync(join(runs, readdirSync(runs)[0]!, 'last/model.safetensors'))
}

test('the quickstart learns real digits within 60 steps and says what to try next', async () => {
  const output = await quickstart('--steps 60 --filters 8')
  expect(output).toContain('backend wasm')
  expect(output).toContain('on 58,000 digits')
  const share = Number(/Test accuracy: ([\d.]+) % of 10,000 digits/.exec(output)?.[1])
  expect(share).toBeGreaterThan(75)
  expect(output).toContain('after 60 steps')
  expect(output).toContain('What next?')
})

test('the same settings give the same accuracy, to the last digit', async () => {
  const [one, again] = await Promise.all([1, 2].map(() => quickstart('--steps 10 --filters 4')))
  const share = /Test accuracy: [\d.]+/
  expect(share.exec(again!)?.[0]).toBe(share.exec(one!)?.[0])
})

test('a run that was killed goes on, and ends with the same weights', async () => {
  const args = '--steps 180 --filters 2 --hidden 16'
  const [whole, broken] = [folder(), folder()]
  await quickstart(args, whole)
  const child = spawn(process.execPath, [program, ...args.split(' ')], { cwd: broken, stdio: 'ignore' })
  const saved = join(broken, 'runs/quickstart', readdirSync(join(whole, 'runs/quickstart'))[0]!, 'last')
  const watch = setInterval(() => existsSync(saved) && child.kill('SIGKILL'), 5)
  await once(child, 'exit')
  clearInterval(watch)
  expect(child.signalCode).toBe('SIGKILL')
  expect(await quickstart(args, broken)).toContain('100 steps and 0 epochs are done')
  expect(weights(broken)).toEqual(weights(whole))
}, 180_000)

test('a setting that does not exist, or is no number, is an error that names it', async () => {
  await expect(quickstart('--epoch 3')).rejects.toThrow("Unknown option '--epoch'")
  await expect(quickstart('--epochs many')).rejects.toThrow('--epochs must be a number, not many')
})
