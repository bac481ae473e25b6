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
  expect(first.match(/saved epoch \d+/g)).toEqual(['saved epoch 5', 'saved epoch 7'])
  const second = await runProgram(program, ['--epochs', '20'], broken)
  expect(second).toContain('Going on after epoch 7')
  const straight = await runProgram(program, ['--epochs', '20'], whole)
  expect(lossOf(second)).toBe(lossOf(straight))
}, 120_000)
