import { openRuns } from '@trainyard/run-folder'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { bundlePrograms, runProgram, temporaryFolder } from '../../../test/program.ts'

let program: string
beforeAll(async () => {
  program = (await bundlePrograms(new URL('../src/main.ts', import.meta.url)))[0]!
})

test('a small GPT learns, writes samples, and can be given other settings', async () => {
  const folder = temporaryFolder()
  const settings = '--steps 120 --sample 60 --width 32 --blocks 1 --length 32'
  const output = await runProgram(program, settings.split(' '), folder)
  expect(output).toContain('million characters')
  expect(output.match(/--- after \d+ steps ---/g)).toHaveLength(2)
  expect(output).toContain('And God said')
  // Of 66 characters: 4.2 by chance.
  const losses = openRuns(join(folder, 'runs/char-transformer')).at(0)!.values('val.val_loss') as number[]
  expect(losses[0]).toBeLessThan(3.5)
  expect(losses[1]).toBeLessThan(losses[0]!)
}, 120_000)

test('--help says how to start it, and so does what is wrong', async () => {
  const usage = `Usage: npx -y pnpm start char-transformer [options]; with their defaults, they are
  --steps 2000 --batch 8 --length 64 --width 96 --heads 4 --blocks 2 --rate 0.002 --seed 1 --sample 250
--fresh starts a new run, even if one was interrupted; --ui shows the run in a live page.
apps/char-transformer/README.md explains them.
`
  expect(await runProgram(program, ['--help'], temporaryFolder())).toBe(usage)
  for (const [args, wrong] of [
    ['--step 3', 'There is no option --step.'],
    ['--steps many', '--steps must be a whole number from 1, not many.'],
    ['--width 30', '--width must be a multiple of --heads.'],
  ] as const)
    await expect(runProgram(program, args.split(' '), temporaryFolder())).rejects.toMatchObject({
      code: 2,
      stderr: `${wrong}\n${usage}`,
      stdout: '',
    })
})
