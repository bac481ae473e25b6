import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeMlxpRun, writeMlxpyRun } from '../../run-folder/test/mlxpy-folders.ts'
import { newFolder, writeFile, writeRun, writeRuns } from './folders.ts'
import { inPipe, onTerminal } from './terminal.ts'

/** Runs of both versions of MLXPy, the second one with Python's NaN and a torn line. */
function writeForeign(): string {
  const logs = newFolder()
  writeMlxpyRun(logs, 1)
  writeMlxpyRun(logs, 2, { lr: '1.0e-03', units: 200, status: 'FAILED' })
  writeMlxpRun(logs, 3, '{"step": 1, "loss": 0.5}\n{"step": 2, "loss": NaN}\n{"step": 3, "lo')
  return logs
}

test('runs of MLXPy are listed, shown, compared and drawn like others', async () => {
  const at = ['--logs', writeForeign()]
  const columns = 'id,status,config.optimizer.lr,config.model.num_units,train.loss.min,info.duration'
  const list = await onTerminal(['ls', '-c', columns, ...at])
  expect(list.stdout).toMatchInlineSnapshot(`
    "id  status    config.optimizer.lr  config.model.num_units  train.loss.min  info.duration
     3  RUNNING                  0.01                                     0.5
     2  FAILED                  0.001                     200          0.0468           1m30
     1  COMPLETE                   10                     100          0.0234           1m30
    "
  `)
  expect(list.stderr).toMatch(
    /^3 of 3 runs\nwarning: not all could be read: .*\/3\/metrics\/train\.json: line 3: no row of metrics; trainyard doctor says what\n$/,
  )
  expect((await inPipe(['diff', '1', '2', ...at])).stdout).toMatchInlineSnapshot(`
    "field	1	2	change	differs from
    config.model.num_units	100	200	+100.0%	
    config.optimizer.lr	10	0.001	-100.0%	
    status	COMPLETE	FAILED		
    train.loss	0.0234	0.0468	+100.0%	epoch 0
    "
  `)
  expect((await onTerminal(['plot', 'train.loss', '1', '3', '--height', '4', ...at], { columns: 40 })).stdout)
    .toMatchInlineSnapshot(`
    "train.loss by row
       0.5 ┤b
           │
           │
    0.0234 ┤aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
           └────────────────────────────────
            0                              3
    a run 1  last 0.0234  min 0.0234 at row 3  max 0.0302 at row 0
    b run 3  last 0.5  min 0.5 at row 0  max 0.5 at row 0  1 not finite
    "
  `)
  expect((await inPipe(['show', '1', ...at])).stdout).toContain('config.data.device\tcpu\n')
  expect((await inPipe(['export', '3', '--csv', ...at])).stdout).toBe(
    'id,log,step,loss\r\n3,train,1,0.5\r\n3,train,2,NaN\r\n',
  )
  expect(await inPipe(['resume', '1', ...at])).toMatchObject({ exitCode: 1, stdout: '' })
  expect((await inPipe(['doctor', ...at])).stdout).toMatchInlineSnapshot(`
    "id	file	problem
    3	metadata/info.yaml	says RUNNING, and nothing tells whether it is
    3	metrics/train.json	line 3: no row of metrics
    3	metrics/train.json	loss is not finite in 1 row, first NaN at step 2
    "
  `)
})

test('a folder that cannot be written is read all the same', async () => {
  const logs = writeRuns()
  chmodSync(logs, 0o555)
  try {
    for (const args of [
      ['ls'],
      ['show'],
      ['diff', '1', '2'],
      ['doctor'],
      ['plot', 'train.loss', '1'],
      ['rm', '1'],
    ])
      expect((await inPipe([...args, '--logs', logs])).stdout, args[0]).toContain('\t')
  } finally {
    chmodSync(logs, 0o755)
  }
})

test('names and values that could command a terminal are printed as text', async () => {
  const logs = newFolder()
  const evil = '\u001b]0;title\u0007\u001b[2J'
  for (const [i, id] of [`a${evil}`, `b${evil}`].entries())
    writeRun(logs, id, {
      config: { [`a${evil}`]: `b${evil}\r`, c: i },
      info: { error: `x${evil}` },
      status: `DONE${evil}`,
      meta: { tags: [`t${evil}`] },
      metrics: { [`log${evil}`]: [{ step: 1, acc: 1 }], train: [{ step: 1, [`loss${evil}`]: i }, 'torn'] },
    })
  const metric = `train.\`loss${evil}\``
  for (const args of [
    ['ls'],
    ['ls', '-q'],
    ['show'],
    ['tail'],
    ['plot', metric, '-1', '-2'],
    ['plot', 'train.none'],
    ['diff', '-1', '-2'],
    ['query', '--group', `config.\`a${evil}\``],
    ['export', 'last'],
    ['export', 'last', '--log', 'none'],
    ['doctor'],
    ['rm', 'last'],
    ['prune', 'last'],
    ['resume'],
    ['tag', 'x', 'last'],
    ['note', 'last', 'x'],
    ['archive', 'last'],
  ]) {
    const { stdout, stderr } = await onTerminal([...args, '--logs', logs])
    // oxlint-disable-next-line no-control-regex
    expect(stdout + stderr, args[0]).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/)
  }
})

test('of many runs the word last finds the newest, whatever they are called', async () => {
  const logs = newFolder()
  for (const [i, id] of ['a/zz', 'a/first', 'b/first', '9'].entries()) {
    const start = new Date(Date.UTC(2026, 0, i === 3 ? 1 : 10 - i)).toISOString()
    writeFile(JSON.stringify({ status: 'COMPLETE', started_at: start }), join(logs, id), 'metadata/info.yaml')
  }
  const ids = async (...args: string[]): Promise<string> =>
    (await inPipe(['ls', '-q', ...args, '--logs', logs])).stdout
  expect(await ids()).toBe('a/zz\na/first\nb/first\n9\n')
  expect(await ids('last', '-4', 'zz')).toBe('a/zz\n9\n')
  expect(await inPipe(['show', 'first', '--logs', logs])).toMatchObject({
    exitCode: 2,
    stderr: 'error: first means 2 runs; name one: a/first, b/first\ntrainyard show --help says more\n',
  })
})
