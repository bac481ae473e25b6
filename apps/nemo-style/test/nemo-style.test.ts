import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { openRuns } from '@trainyard/run-folder'
import { beforeAll, expect, test } from 'vitest'
import { bundlePrograms, runProgram, temporaryFolder } from '../../../test/program.ts'

let program: string
beforeAll(async () => {
  program = (await bundlePrograms(new URL('../src/main.ts', import.meta.url)))[0]!
})

test('an experiment has everything in its folder, keeps the best two, and goes on', async () => {
  const folder = temporaryFolder()
  const output = await runProgram(program, ['--steps', '100'], folder)
  expect(output).toContain('step  90  epoch 1  reduced_train_loss')
  const experiment = join(folder, 'my_logging_dir/experiment1')
  expect(output).toContain(`run    ${experiment}`)
  const names = readdirSync(join(experiment, 'checkpoints'))
  expect(names.filter((name) => name.includes('reduced_train_loss='))).toHaveLength(2)
  expect(names).toContain('best')
  expect(names).toContain('last')
  expect(readdirSync(join(experiment, 'tensorboard'))).toHaveLength(1)

  const again = await runProgram(program, ['--steps', '130'], folder)
  expect(again).toContain('done at step 130')
  expect(again).toContain('npx -y pnpm start nemo-style --steps 430')
  const run = openRuns(join(folder, 'my_logging_dir')).at(0)!
  const { step } = run.columns(['train.reduced_train_loss'])
  expect(step).toEqual(Array.from({ length: 13 }, (_, i) => 10 * (i + 1)))
}, 120_000)

test('--help says how to start it, and so does what is wrong', async () => {
  const usage = 'Usage: npx -y pnpm start nemo-style [--steps 300]\n'
  expect(await runProgram(program, ['--help'], temporaryFolder())).toBe(usage)
  for (const [args, wrong] of [
    ['--step 3', 'There is no option --step.'],
    ['--steps 1.5', '--steps must be a whole number above 0, not 1.5.'],
  ] as const)
    await expect(runProgram(program, args.split(' '), temporaryFolder())).rejects.toMatchObject({
      code: 2,
      stderr: `${wrong}\n${usage}`,
      stdout: '',
    })
})
