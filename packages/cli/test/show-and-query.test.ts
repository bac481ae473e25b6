import { describe, expect, test } from 'vitest'
import { newFolder, writeCheckpoints, writeFile, writeRun, writeRuns } from './folders.ts'
import { inPipe, onTerminal } from './terminal.ts'

const logs = writeRuns()
const at = ['--logs', logs]

describe('show', () => {
  test('at a terminal', async () => {
    const { exitCode, stdout, stderr } = await onTerminal(['show', '4', ...at])
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout.replaceAll(logs, '/logs')).toMatchInlineSnapshot(`
      "run 4  COMPLETE  started 2h00m ago, took 10m04
        folder   /logs/4
        command  /usr/bin/node /home/ada/train.js
        in       /home/ada
        on       gpu17

      config
        optimizer.lr    0.001
        optimizer.name  adam
        seed            1

      metrics
                         last      min  at    max  at  count
        train.loss    1.00025  1.00025   4  1.001   1      4
        train.acc         0.8      0.2   1    0.8   4      4
        val.val_loss    1.001    1.001   4  1.001   4      1
      "
    `)
    expect((await onTerminal(['show', ...at])).stdout.replaceAll(logs, '/logs')).toMatchInlineSnapshot(`
      "run 5  FAILED  started 1h30m ago, took 3s
        folder   /logs/5
        command  /usr/bin/node /home/ada/train.js
        in       /home/ada
        on       gpu17
        tags     odd

      error
        Error: the loss is NaN
            at train.js:12

      config
        optimizer.lr    0.1
        optimizer.name  sgd
        seed            0

      metrics
                    last  min  at  max  at  count
        train.loss   NaN  0.5   1  0.5   1      2
      "
    `)
  })

  test('tells of tags, files, checkpoints, and how to go on', async () => {
    const folder = newFolder()
    const run = writeRun(folder, 'mnist/first', {
      status: 'INTERRUPTED',
      info: { arguments: ['--epochs', '3'], resumes: [{}, {}], version_manager: { commit_hash: 'f00d' } },
      meta: { tags: ['odd', 'best'], notes: 'two\nlines', archived: true },
    })
    writeFile('a picture', run, 'artifacts/Image/a.png')
    for (let i = 0; i < 20; i++) writeFile('b', run, `artifacts/Text/${i}.txt`)
    await writeCheckpoints(run, [100, 200])
    writeFile('damaged', run, 'checkpoints/step=200/manifest.json')
    const { stdout } = await onTerminal(['show', 'first', '--logs', folder])
    expect(stdout.replaceAll(folder, '/logs').replace(/(  Text\/\d+\.txt\n)+/, '')).toMatchInlineSnapshot(`
      "run mnist/first  INTERRUPTED  started 1h00m ago, took 1m00
        folder    /logs/mnist/first
        command   /usr/bin/node /home/ada/train.js --epochs 3
        in        /home/ada
        on        gpu17
        commit    f00d
        resumed   2 times
        tags      odd, best
        notes     two lines
        archived  yes

      artifacts
        Image/a.png
        and 1 more

      checkpoints
                  step  epoch
        step=200               damaged: manifest.json is not whole
        step=100   100      0
        to go on: trainyard resume mnist/first
      "
    `)
    const { artifacts, checkpoints, tags } = JSON.parse(
      (await inPipe(['show', '--json', '--logs', folder])).stdout,
    ) as { artifacts: string[]; checkpoints: unknown; tags: unknown }
    expect(tags).toEqual(['odd', 'best'])
    expect(artifacts).toHaveLength(21)
    expect(checkpoints).toEqual([
      { name: 'step=200', status: 'damaged' },
      { name: 'step=100', status: 'complete', step: 100, epoch: 0, scores: {} },
    ])
  })

  test('in a pipe has a line a field', async () => {
    const { stdout } = await inPipe(['show', '5', ...at])
    const lines = stdout.split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'field\tvalue',
        'id\t5',
        'status\tFAILED',
        'tags\t["odd"]',
        'config.optimizer.name\tsgd',
        String.raw`info.error\tError: the loss is NaN\n    at train.js:12`.replace('\\t', '\t'),
        'train.loss\tNaN',
      ]),
    )
  })

  test('as JSON has all', async () => {
    const { stdout } = await inPipe(['show', '4', '--json', ...at])
    expect(JSON.parse(stdout)).toMatchObject({
      id: 4,
      directory: `${logs}/4`,
      status: 'COMPLETE',
      duration: 604,
      config: { optimizer: { lr: 0.001, name: 'adam' }, seed: 1 },
      info: { hostname: 'gpu17' },
      metrics: { 'train.loss': { last: 1.00025, min: 1.00025, argmin: 4, count: 4 } },
      artifacts: [],
      checkpoints: [],
    })
  })
})

describe('query', () => {
  test('groups runs', async () => {
    const args = [
      'query',
      '--group',
      'config.optimizer.lr,config.optimizer.name',
      '--agg',
      'mean(val.val_loss), std(val.val_loss),count,max(train.acc.max)',
      ...at,
    ]
    const terminal = await onTerminal([...args, '--sort', '-mean(val.val_loss)'])
    expect(terminal.stdout).toMatchInlineSnapshot(`
      "config.optimizer.lr  config.optimizer.name  mean(val.val_loss)  std(val.val_loss)  count  max(train.acc.max)
                      0.1  adam                                  0.6                0.5      2                   1
                    0.001  adam                                0.501                0.5      2                   1
                      0.1  sgd                                                               1
      "
    `)
    expect(terminal.stderr).toBe('3 groups of 5 runs\n')
    const pipe = await inPipe([...args, '--sort', 'count', '-n', '2'])
    expect(pipe.stdout).toMatchInlineSnapshot(`
      "config.optimizer.lr	config.optimizer.name	mean(val.val_loss)	std(val.val_loss)	count	max(train.acc.max)
      0.1	sgd			1	
      0.1	adam	0.6000000000000001	0.5	2	1
      "
    `)
    expect(pipe.stderr).toBe('')
  })

  test('without groups makes one row, and without aggregates a list', async () => {
    expect(
      (await inPipe(['query', "status == 'COMPLETE'", '--agg', 'min(val.val_loss),count', ...at])).stdout,
    ).toBe('min(val.val_loss)\tcount\n0.001\t4\n')
    const args = ['config.optimizer.lr == 0.1', '--sort', 'train.loss.min', '-c', 'id,train.loss', ...at]
    expect((await inPipe(['query', ...args])).stdout).toBe((await inPipe(['ls', ...args])).stdout)
    expect(await inPipe(['query', 'config.seed > 7', '--group', 'config.seed', ...at])).toEqual({
      exitCode: 1,
      stdout: 'config.seed\tcount\n',
      stderr: 'no run matches\n',
    })
  })
})
