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

test('a setting that cannot be is an error that names it', async () => {
  await expect(runProgram(program, ['--width', '30'], temporaryFolder())).rejects.toThrow(
    '--width 30 must be a multiple of --heads 4',
  )
  await expect(runProgram(program, ['--steps', 'many'], temporaryFolder())).rejects.toThrow(
    '--steps must be a number above 0, not many',
  )
})
