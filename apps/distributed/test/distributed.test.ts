import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { bundlePrograms, runProgram, temporaryFolder } from '../../../test/program.ts'

let program: string
beforeAll(async () => {
  program = (await bundlePrograms(new URL('../src/main.ts', import.meta.url)))[0]!
})

test('started by hand it trains alone, tests, and goes on from its checkpoint', async () => {
  const folder = temporaryFolder()
  const first = await runProgram(program, ['--steps', '50', '--hidden', '32'], folder)
  expect(first).toContain('weights on 1 rank(s)')
  expect(first).toMatch(/Test accuracy: [5-9]\d\.\d+ % of 10,000 digits, after 50 steps/)
  expect(existsSync(join(folder, 'runs/distributed/1/checkpoints/last'))).toBe(true)
  const second = await runProgram(program, ['--steps', '60', '--hidden', '32'], folder)
  expect(second).toContain('50 steps and 0 epochs are done')
  expect(second).toContain('after 60 steps')
}, 120_000)

test('--help says how to start it, and so does what is wrong', async () => {
  const usage = `Usage: npx -y pnpm start distributed [options]; with their defaults, they are
  --epochs 1 --batch 256 --hidden 256 --rate 0.001 --seed 1 --steps 0
apps/distributed/README.md explains them.
`
  expect(await runProgram(program, ['--help'], temporaryFolder())).toBe(usage)
  for (const [args, wrong] of [
    ['--epoch 3', 'There is no option --epoch.'],
    ['--batch 0', '--batch must be a whole number from 1, not 0.'],
    ['--hidden 3', '--hidden must be even, not 3.'],
  ] as const)
    await expect(runProgram(program, args.split(' '), temporaryFolder())).rejects.toMatchObject({
      code: 2,
      stderr: `${wrong}\n${usage}`,
      stdout: '',
    })
})
