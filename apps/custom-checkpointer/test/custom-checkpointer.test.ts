import { beforeAll, expect, test } from 'vitest'
import { bundlePrograms, runProgram, temporaryFolder } from '../../../test/program.ts'

let program: string
beforeAll(async () => {
  program = (await bundlePrograms(new URL('../src/main.ts', import.meta.url)))[0]!
})

const lossOf = (output: string): string => /step 400 .* loss ([\d.]+)/.exec(output)![1]!

test('a run that goes on from the key-value store ends like one that was never stopped', async () => {
  const [broken, whole] = [temporaryFolder(), temporaryFolder()]
  const first = await runProgram(program, ['--epochs', '7'], broken)
  expect(first.match(/saved step \d+/g)).toEqual(['saved step 100', 'saved step 140'])
  const second = await runProgram(program, ['--epochs', '20'], broken)
  expect(second).toContain('Going on after step 140')
  expect(second.match(/saved step \d+/g)).toEqual(['saved step 200', 'saved step 300', 'saved step 400'])
  const straight = await runProgram(program, ['--epochs', '20'], whole)
  expect(lossOf(second)).toBe(lossOf(straight))
  const third = await runProgram(program, ['--epochs', '20'], broken)
  expect(third).not.toContain('saved step')
}, 120_000)

test('--help says how to start it, and so does what is wrong', async () => {
  const usage = 'Usage: npx -y pnpm start custom-checkpointer [--epochs 20]\n'
  expect(await runProgram(program, ['--help'], temporaryFolder())).toBe(usage)
  for (const [args, wrong] of [
    ['--epoch 3', 'There is no option --epoch.'],
    ['--epochs 0', '--epochs must be a whole number above 0, not 0.'],
  ] as const)
    await expect(runProgram(program, args.split(' '), temporaryFolder())).rejects.toMatchObject({
      code: 2,
      stderr: `${wrong}\n${usage}`,
      stdout: '',
    })
})
