import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { RunLogger } from '@trainyard/run-folder'
import { expect, test } from 'vitest'
import { newFolder, writeFile, writeRun, writeRuns } from './folders.ts'
import { inPipe, onTerminal } from './terminal.ts'

const logs = writeRuns()
const at = ['--logs', logs]

test('tail prints the last rows', async () => {
  expect((await onTerminal(['tail', '4', '-n', '2', ...at])).stdout).toMatchInlineSnapshot(`
    "step     loss  acc
       3  1.00033  0.6
       4  1.00025  0.8
    "
  `)
  expect((await inPipe(['tail', '4', '-n', '1', ...at])).stdout).toBe('step\tloss\tacc\n4\t1.00025\t0.8\n')
  expect((await inPipe(['tail', '4', '--log', 'val', '--csv', ...at])).stdout).toBe(
    'step,val_loss\r\n4,1.001\r\n',
  )
  expect((await inPipe(['tail', '--json', ...at])).stdout).toBe(
    '{"step":1,"loss":0.5}\n{"step":2,"loss":null}\n',
  )
  expect(await inPipe(['tail', '4', '--log', 'nal', ...at])).toMatchObject({
    exitCode: 1,
    stderr: 'error: run 4 has no metrics nal; it has train, val\n',
  })
})

test('tail -f goes on with what comes, and ends with the run', async () => {
  const folder = newFolder()
  const run = new RunLogger({ parentLogDir: folder })
  for (const step of [1, 2, 3]) run.logMetrics({ step, loss: 1 / step }, 'train')
  const happens = [
    () => run.logMetrics({ step: 4, loss: 0.25 }, 'train'),
    () => {},
    () => run.logMetrics({ step: 5, loss: NaN, acc: 1 }, 'train'),
    () => run.rewindToStep(['train'], 3),
    () => run.logMetrics({ step: 4, loss: 4 }, 'train'),
    () => {
      run.rewindToStep(['train'], 2)
      for (const step of [3, 4, 5]) run.logMetrics({ step, loss: -step }, 'train')
    },
    () => run.finish(),
  ]
  const { exitCode, stdout, stderr } = await inPipe(['tail', '-f', '-n', '2', '--logs', folder], {
    wait: async () => happens.shift()!(),
  })
  expect(happens).toEqual([])
  expect(stdout.split('\n')).toEqual([
    'step\tloss',
    '2\t0.5',
    `3\t${1 / 3}`,
    '4\t0.25',
    'step\tloss\tacc',
    '5\tNaN\t1',
    '4\t4\t',
    '3\t-3\t',
    '4\t-4\t',
    '5\t-5\t',
    '',
  ])
  expect([exitCode, stderr]).toEqual([
    0,
    'the run went back to an earlier checkpoint: 2 rows of it gone\n'.repeat(2),
  ])
})

test('tail -f ends when the run is gone', async () => {
  const folder = newFolder()
  const run = new RunLogger({ parentLogDir: folder })
  run.logMetrics({ step: 1 }, 'train')
  const wait = async (): Promise<void> => {
    run.finish()
    rmSync(run.logDir, { recursive: true })
  }
  expect((await inPipe(['tail', '-f', '--logs', folder], { wait })).stdout).toBe('step\n1\n')
})

test('tail --console prints what the program printed', async () => {
  const folder = newFolder()
  const run = writeRun(folder, 1)
  expect(await inPipe(['tail', '--console', '--logs', folder])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('run 1 kept nothing of what its program printed') as string,
  })
  const printed = 'one\n10 %\r50 %\r100 %\n\u001b[31mred\u001b[0m \u001b[2J\u001b]0;title\u0007three\r\n'
  writeFile(printed, run, 'log.stdout')
  const tail = ['tail', '--console', '--logs', folder]
  expect((await onTerminal(tail)).stdout).toBe('one\n100 %\nred three\n')
  expect((await onTerminal(tail, { env: {} })).stdout).toBe('one\n100 %\n\u001b[31mred\u001b[0m three\n')
  expect((await inPipe(tail)).stdout).toBe(printed)
  expect((await onTerminal([...tail, '-n', '1'])).stdout).toBe('red three\n')
  writeFile('careful\n', run, 'log.stderr')
  expect((await onTerminal([...tail, '-n', '1'])).stdout).toBe(
    '==> log.stderr <==\ncareful\n\n==> log.stdout <==\nred three\n',
  )
})

test('tail --console -f follows long output, and reads no more than it takes', async () => {
  const folder = newFolder()
  const run = new RunLogger({ parentLogDir: folder })
  const file = join(run.logDir, 'log.stdout')
  writeFile(`${'x'.repeat(300_000)}\nlast\n`, file)
  const happens = [
    () => appendFileSync(file, 'half '),
    () => appendFileSync(file, Buffer.of(0xc3)),
    () => appendFileSync(file, Buffer.of(0xa4)),
    () => appendFileSync(file, ' line\n'),
    () => run.finish(),
  ]
  const { stdout } = await inPipe(['tail', '--console', '-f', '-n', '1', '--logs', folder], {
    wait: async () => happens.shift()!(),
  })
  expect(stdout).toBe('last\nhalf ä line\n')
})
