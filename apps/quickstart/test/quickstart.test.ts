import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openRuns } from '@trainyard/run-folder'
import { EventFileReader } from '@trainyard/tensorboard-plugin-writer'
import { beforeAll, expect, test } from 'vitest'
import { bundlePrograms, runProgram, startProgram, temporaryFolder } from '../../../test/program.ts'

let program: string
beforeAll(async () => {
  program = (await bundlePrograms(new URL('../src/main.ts', import.meta.url)))[0]!
})

const quickstart = (args: string, folder = temporaryFolder()): Promise<string> =>
  runProgram(program, args.split(' '), folder)

/** What the first run leaves: its weights, the numbers that it logged, the points of its curves. */
function remains(folder: string): unknown {
  const run = openRuns(join(folder, 'runs/quickstart')).at(0)!
  const logs = join(run.directory, 'tensorboard')
  return {
    weights: readFileSync(join(run.directory, 'checkpoints/last/model.safetensors')),
    numbers: run.columns(['train.loss', 'train.accuracy', 'test.accuracy']),
    points: readdirSync(logs)
      .toSorted()
      .flatMap((name) => [...new EventFileReader(join(logs, name)).read()])
      .flatMap(({ step, values }) => values.map(({ tag, data }) => ({ step, tag, data })))
      .filter(({ tag }) => ['loss', 'accuracy'].includes(tag)),
  }
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

test('a run that was killed goes on in its folder, and leaves what a whole one leaves', async () => {
  const args = '--steps 180 --filters 2 --hidden 16'
  const [whole, broken] = [temporaryFolder(), temporaryFolder()]
  await quickstart(args, whole)
  const child = startProgram(program, args.split(' '), broken)
  const saved = join(broken, 'runs/quickstart/1/checkpoints/last')
  const watch = setInterval(() => existsSync(saved) && child.kill('SIGKILL'), 5)
  await once(child, 'exit')
  clearInterval(watch)
  expect(child.signalCode).toBe('SIGKILL')
  expect(await quickstart(args, broken)).toContain('100 steps and 0 epochs are done')
  expect(remains(broken)).toEqual(remains(whole))
}, 180_000)

test('a run that is over, and --fresh, are followed by a new one', async () => {
  const folder = temporaryFolder()
  const runs = (): unknown[] =>
    [...openRuns(join(folder, 'runs/quickstart'))].map(({ id, status }) => `${id} ${status}`)
  const args = '--steps 90 --filters 2 --hidden 8'
  const child = startProgram(program, args.split(' '), folder)
  const rows = join(folder, 'runs/quickstart/1/metrics/train.json')
  const watch = setInterval(() => {
    if (!existsSync(rows) || statSync(rows).size === 0) return
    clearInterval(watch) // a second signal would end it at once
    child.kill('SIGTERM')
  }, 5)
  const [code] = await once(child, 'exit')
  expect(code).toBe(143)
  expect(runs()).toEqual(['1 INTERRUPTED'])
  await quickstart(`${args} --fresh`, folder)
  expect(runs()).toEqual(['1 INTERRUPTED', '2 COMPLETE'])
  expect(await quickstart(args, folder)).toContain('0 epochs are done')
  await quickstart(args, folder)
  expect(runs()).toEqual(['1 COMPLETE', '2 COMPLETE', '3 COMPLETE'])
}, 180_000)

test('--help says how to start it, and so does what is wrong', async () => {
  const usage = `Usage: npx -y pnpm start [options]; with their defaults, they are
  --epochs 1 --batch 64 --filters 16 --hidden 128 --rate 0.003 --seed 1 --steps 0
--fresh starts a new run, even if one was interrupted; --ui shows the run in a live page.
apps/quickstart/README.md explains them.
`
  expect(await quickstart('--help --epochs 3')).toBe(usage)
  for (const [args, wrong] of [
    ['--epoch 3', 'There is no option --epoch.'],
    ['epochs=3', 'There is no option epochs=3.'],
    ['--epochs many', '--epochs must be a whole number from 1, not many.'],
    ['--batch 1.5', '--batch must be a whole number from 1, not 1.5.'],
    ['--seed -1', '--seed must be a whole number from 0, not -1.'],
    ['--toString 5', 'There is no option --toString.'],
    ['--rate -1', '--rate must be above 0, not -1.'],
  ] as const)
    await expect(quickstart(args)).rejects.toMatchObject({
      code: 2,
      stderr: `${wrong}\n${usage}`,
      stdout: '',
    })
})

test('--ui shows the run in a page while it trains', async () => {
  const child = startProgram(
    program,
    ['--ui', '--steps', '5000', '--filters', '2'],
    temporaryFolder(),
    'pipe',
  )
  let output = ''
  for await (const text of child.stdout!) {
    output += String(text)
    const address = /http:\S+run=1/.exec(output)?.[0]
    if (!address) continue
    const page = new URL(address)
    const answer = await fetch(`${page.origin}/api/runs?${page.searchParams}`)
    expect(await answer.json()).toMatchObject({ rows: [{ id: '1', status: 'RUNNING' }] })
    break
  }
  child.kill('SIGKILL')
})
