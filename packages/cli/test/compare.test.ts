import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { newFolder, writeRun, writeRuns } from './folders.ts'
import { inPipe, onTerminal } from './terminal.ts'

const logs = writeRuns()
const at = ['--logs', logs]

/** Two runs of the same seed, of which the second one goes its own way from step 3 on. */
function writeTwins(folder = newFolder()): string[] {
  const losses = [0.5, 0.25, 0.125, 0.0625]
  const rows = (own: readonly number[]): Record<string, unknown>[] =>
    own.map((loss, i) => ({ step: i + 1, time: Math.random(), loss, odd: i === 1 ? NaN : 1 }))
  writeRun(folder, 'a', {
    config: { lr: 0.1 },
    metrics: { train: rows(losses), epoch: [{ epoch: 1, epoch_time: 3 }] },
  })
  writeRun(folder, 'b', {
    config: { lr: 0.1 },
    metrics: {
      train: rows([0.5, 0.25, 0.125 + 2 ** -40, 0.0625, 0.03]),
      epoch: [{ epoch: 1, epoch_time: 4 }],
    },
  })
  writeRun(folder, 'c', { config: { lr: 0.1 }, metrics: { train: rows(losses.slice(0, 3)) } })
  return ['--logs', folder]
}

describe('diff', () => {
  test('shows what differs, at a terminal and in a pipe', async () => {
    const terminal = await onTerminal(['diff', '1', '4', ...at])
    expect(terminal.exitCode).toBe(1)
    expect(terminal.stdout).toMatchInlineSnapshot(`
      "field                    1        4  change    differs from
      config.optimizer.lr    0.1    0.001  -99.0%
      config.seed              0        1
      train.loss           0.025  1.00025  +3901.0%  step 1
      train.acc                1      0.8  -20.0%    step 1
      val.val_loss           0.1    1.001  +901.0%   step 4
      "
    `)
    expect(terminal.stderr).toBe('the first difference is in train.loss at step 1: 0.1 and 1.001\n')
    const pipe = await inPipe(['diff', '1', '4', ...at])
    expect(pipe.stdout).toMatchInlineSnapshot(`
      "field	1	4	change	differs from
      config.optimizer.lr	0.1	0.001	-99.0%	
      config.seed	0	1		
      train.loss	0.025	1.00025	+3901.0%	step 1
      train.acc	1	0.8	-20.0%	step 1
      val.val_loss	0.1	1.001	+901.0%	step 4
      "
    `)
    expect(pipe.stderr).toBe('')
  })

  test('finds the first step at which two runs differ, in the last bit', async () => {
    const twins = writeTwins()
    const terminal = await onTerminal(['diff', 'a', 'b', ...twins])
    expect(terminal.stdout).toMatchInlineSnapshot(`
      "field            a     b  change  differs from
      train.loss  0.0625  0.03  -52.0%  step 3
      "
    `)
    expect(terminal.stderr).toBe(
      'the first difference is in train.loss at step 3: 0.125 and 0.1250000000009095\n',
    )
    const { stdout, exitCode } = await inPipe(['diff', 'a', 'b', '--json', ...twins])
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout)).toEqual({
      runs: ['a', 'b'],
      fields: { 'train.loss': [0.0625, 0.03] },
      firstDifference: { metric: 'train.loss', by: 'step', at: 3, values: [0.125, 0.125 + 2 ** -40] },
    })
  })

  test('of runs that are equal where both have numbers says so', async () => {
    const twins = writeTwins()
    const { exitCode, stdout, stderr } = await onTerminal(['diff', 'a', 'a', ...twins])
    expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringContaining('two runs or more')])
    const shorter = await onTerminal(['diff', 'a', 'c', ...twins])
    expect(shorter.stdout).toMatchInlineSnapshot(`
      "field            a      c  change   differs from
      train.loss  0.0625  0.125  +100.0%
      "
    `)
    expect(shorter.stderr).toBe('the metrics are equal, bit for bit, at the 3 steps that both have\n')
    const folder = newFolder()
    for (const id of [1, 2])
      writeRun(folder, id, { config: { lr: 0.1 }, metrics: { train: [{ step: 1, loss: 2 }] } })
    expect(await onTerminal(['diff', '1', '2', '--logs', folder])).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: 'the metrics are equal, bit for bit, at the 1 step that both have\n',
    })
    const all = await inPipe(['diff', '1', '2', '--all', '--logs', folder])
    expect(all).toMatchObject({ exitCode: 0 })
    expect(all.stdout).toContain('config.lr\t0.1\t0.1\t\t\n')
  })

  test('compares several runs', async () => {
    expect((await inPipe(['diff', '1..3', '--csv', ...at])).stdout).toMatchInlineSnapshot(`
      "field,1,2,3
      config.optimizer.lr,0.1,0.1,0.001
      config.seed,0,1,0
      train.loss,0.025,1.025,0.00025
      train.acc,1,0.8,1
      val.val_loss,0.1,1.1,0.001
      "
    `)
  })
})

describe('plot', () => {
  const spiked = newFolder()
  writeRun(spiked, 1, {
    metrics: {
      train: Array.from({ length: 5000 }, (_, i) => ({
        step: i + 1,
        loss: i === 1234 ? 9 : 2 / (1 + i / 500),
      })),
      bad: ['{"step": 1, "x": NaN}\n', '{"step": 2, "x": -Infinity}\n', '{"step": 3, "x": -1}\n'],
    },
  })
  writeRun(spiked, 2, { metrics: { train: [1, 2, 3].map((n) => ({ step: n * 1000, loss: n, level: 5 })) } })
  const there = ['--logs', spiked]

  test('draws a run, and no spike is lost', async () => {
    const { stdout, stderr } = await onTerminal(['plot', 'train.loss', '1', '--height', '8', ...there], {
      columns: 64,
    })
    expect(stderr).toBe('')
    expect(stdout).toMatchInlineSnapshot(`
      "train.loss by step
           9 ┤             ⢸
             │             ⢸
             │             ⢸
             │             ⢸
       3.961 ┤             ⢸
             │             ⢸
             │⠒⠦⣄⣀⡀        ⢸
      0.1819 ┤    ⠉⠉⠉⠓⠒⠒⠒⠒⠲⠼⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⢤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀
             └────────────────────────────────────────────────────────
              1                                                   5000
      ━ run 1  last 0.181851  min 0.181851 at step 5000  max 9 at step 1235
      "
    `)
  })

  test('draws several runs, with letters where there are no colours', async () => {
    const args = ['plot', 'train.loss', '1', '2', '--log-y', '--height', '8', ...there]
    expect((await onTerminal(args, { columns: 64 })).stdout).toMatchInlineSnapshot(`
      "train.loss by step, logarithmic
           9 ┤             a
             │             a
             │             a          bbbbbbbbbb
             │aaaa         abbbbbbbbbb
      0.9681 ┤   aaaaaaa bbbb
             │         aaaaaaaaaa
             │                  aaaaaaaaaaaaaaaa
      0.1819 ┤                                  aaaaaaaaaaaaaaaaaaaaaa
             └────────────────────────────────────────────────────────
              1                                                   5000
      a run 1  last 0.181851  min 0.181851 at step 5000  max 9 at step 1235
      b run 2  last 3  min 1 at step 1000  max 3 at step 3000
      "
    `)
    const coloured = (await onTerminal(args, { columns: 64, env: {} })).stdout
    expect(coloured).toContain('\u001b[36m━\u001b[0m run 1')
    expect(coloured).toContain('\u001b[33m━\u001b[0m run 2')
    expect(coloured).not.toMatch(/[ab]{2}/)
  })

  test('draws what is level, alone, or not finite', async () => {
    const draw = async (...args: string[]): Promise<string> =>
      (await onTerminal(['plot', ...args, '--height', '4', ...there], { columns: 40 })).stdout
    expect(await draw('train.level', '2')).toMatchInlineSnapshot(`
      "train.level by step
      7.5 ┤
          │⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀
          │
      2.5 ┤
          └───────────────────────────────────
           1000                           3000
      ━ run 2  last 5  min 5 at step 1000  max 5 at step 1000
      "
    `)
    expect(await draw('bad.x', '1')).toMatchInlineSnapshot(`
      "bad.x by step
      -0.5 ┤
           │⡀
           │
      -1.5 ┤
           └──────────────────────────────────
            3
      ━ run 1  last -1  min -1 at step 3  max -1 at step 3  2 not finite
      "
    `)
    expect(await draw('bad.x', '1', '--log-y')).toMatchInlineSnapshot(`
      "bad.x by step, logarithmic
      nothing to draw: no value is positive
      ━ run 1  last -1  min -1 at step 3  max -1 at step 3  2 not finite  1 not positive
      "
    `)
  })

  test('in a pipe gives the numbers', async () => {
    expect((await inPipe(['plot', 'train.acc', '1', '2', ...at])).stdout).toMatchInlineSnapshot(`
      "step	1	2
      1	0.25	0.2
      2	0.5	0.4
      3	0.75	0.6
      4	1	0.8
      "
    `)
    expect((await inPipe(['plot', 'train.acc', '1', '--by', 'row', '--csv', ...at])).stdout).toBe(
      'row,1\r\n0,0.25\r\n1,0.5\r\n2,0.75\r\n3,1\r\n',
    )
  })

  test('of what no run has says what there is', async () => {
    expect((await inPipe(['plot', 'train.los', '1', ...at])).stderr).toBe(
      'error: run 1 has no values train.los; it has train.step, train.loss, train.acc, val.step, val.val_loss\n',
    )
    expect((await inPipe(['plot', 'train.loss.min', '1..2', ...at])).stderr).toContain(
      'none of the runs 1, 2 has values train.loss.min; run 1 has train.step',
    )
    expect(await inPipe(['plot', 'train.loss', '1', '--by', 'epoch', ...at])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'error: the rows of train.loss have no epoch; use --by step, or leave it out\n',
    })
  })
})

describe('export', () => {
  test('writes every row as CSV, TSV or JSON', async () => {
    const csv = join(newFolder(), 'out.csv')
    const done = await onTerminal(['export', '1', '5', '-o', csv, ...at])
    expect(done).toEqual({ exitCode: 0, stdout: '', stderr: `7 rows of 2 runs → ${csv}\n` })
    expect(readFileSync(csv, 'utf8')).toMatchInlineSnapshot(`
      "id,log,step,loss,acc,val_loss
      1,train,1,0.1,0.25,
      1,train,2,0.05,0.5,
      1,train,3,0.03333333333333333,0.75,
      1,train,4,0.025,1,
      1,val,4,,,0.1
      5,train,1,0.5,,
      5,train,2,NaN,,
      "
    `)
    expect((await inPipe(['export', '1', '--log', 'val', ...at])).stdout).toBe(
      'id\tlog\tstep\tval_loss\n1\tval\t4\t0.1\n',
    )
    expect((await onTerminal(['export', '1', '--log', 'val', ...at])).stdout).toBe(
      'id\tlog\tstep\tval_loss\n1\tval\t4\t0.1\n',
    )
    const { stdout } = await inPipe(['export', '1', '5', '--json', ...at])
    expect(JSON.parse(stdout)).toMatchObject([
      { id: 1, status: 'COMPLETE', config: { seed: 0 }, metrics: { val: [{ step: 4, val_loss: 0.1 }] } },
      {
        id: 5,
        metrics: {
          train: [
            { step: 1, loss: 0.5 },
            { step: 2, loss: null },
          ],
        },
      },
    ])
  })

  test('complains about what it cannot write', async () => {
    expect(await inPipe(['export', '1', '-o', 'out.xlsx', ...at])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('"out.xlsx" must end in .csv, .tsv or .json') as string,
    })
    expect(await inPipe(['export', '1', '-o', `${logs}/none/out.csv`, ...at])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`cannot write "${logs}/none/out.csv": ENOENT`) as string,
    })
    // A file that is there is not given up for nothing.
    const csv = join(newFolder(), 'out.csv')
    for (const words of [['config.seed == 7'], ['1', '--log', 'none']]) {
      writeFileSync(csv, 'as it was')
      expect((await inPipe(['export', ...words, '-o', csv, ...at])).exitCode).toBe(1)
      expect(readFileSync(csv, 'utf8')).toBe('as it was')
    }
    expect(await inPipe(['export', '1', '--log', 'none', ...at])).toMatchObject({
      exitCode: 1,
      stderr: 'these runs have no metrics none; they have train, val\n',
    })
  })
})
