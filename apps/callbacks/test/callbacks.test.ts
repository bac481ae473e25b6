import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EventFileReader } from '@trainyard/tensorboard-plugin-writer'
import { beforeAll, expect, test } from 'vitest'
import { bundlePrograms, runProgram, temporaryFolder } from '../../../test/program.ts'

let program: string
beforeAll(async () => {
  program = (await bundlePrograms(new URL('../src/main.ts', import.meta.url)))[0]!
})

test('all callbacks do their work, and go on when the program is started again', async () => {
  const folder = temporaryFolder()
  const output = await runProgram(program, ['--epochs', '1'], folder)
  expect(output).toContain('train: 1 epochs from step 0')
  expect(output.match(/^step +\d+ .*loss 0\.\d+/gm)!.length).toBeGreaterThanOrEqual(4)
  expect(output).toContain('confusion matrix of the batch of step 150:')
  expect(output).toContain('learning rate 0.001')
  expect(output).toMatch(/epoch 1: a step takes \d+\.\d ms/)
  expect(output).toContain('done: 235 steps')

  const logs = join(folder, 'runs/callbacks/tensorboard')
  const [name] = readdirSync(logs)
  const values = [...new EventFileReader(join(logs, name!)).read()].flatMap((event) => event.values)
  const tags = new Set(values.map(({ tag }) => tag))
  expect([...tags].toSorted()).toEqual(['epoch', 'epoch_time', 'learning_rate', 'loss', 'p'])

  const runs = join(folder, 'runs/callbacks/wandb')
  const offline = readdirSync(runs).find((run) => run.startsWith('offline-run-'))!
  const file = readdirSync(join(runs, offline)).find((each) => each.endsWith('.wandb'))!
  const rows = readFileSync(join(runs, offline, file), 'latin1')
  for (const key of ['F1', 'recall', 'loss']) expect(rows).toContain(key)

  expect(existsSync(join(folder, 'runs/callbacks/checkpoints/step=200'))).toBe(true)
  const again = await runProgram(program, ['--epochs', '2'], folder)
  expect(again).toContain('train: 2 epochs from step 235')
  expect(again).toContain('done: 470 steps')
  expect(again).toContain('npx -y pnpm start callbacks --epochs 4')
}, 120_000)

test('--help says how to start it, and so does what is wrong', async () => {
  const usage = 'Usage: npx -y pnpm start callbacks [--epochs 2]\n'
  expect(await runProgram(program, ['--help'], temporaryFolder())).toBe(usage)
  for (const [args, wrong] of [
    ['--epoch 3', 'There is no option --epoch.'],
    ['3', 'There is no option 3.'],
    ['--epochs many', '--epochs must be a whole number above 0, not many.'],
  ] as const)
    await expect(runProgram(program, args.split(' '), temporaryFolder())).rejects.toMatchObject({
      code: 2,
      stderr: `${wrong}\n${usage}`,
      stdout: '',
    })
})
