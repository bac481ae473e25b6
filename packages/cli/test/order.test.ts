import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { linkLast, listCheckpoints } from '@trainyard/checkpointer'
import { openRuns, RunLogger } from '@trainyard/run-folder'
import { describe, expect, test } from 'vitest'
import { newFolder, writeCheckpoints, writeFile, writeRun, writeRuns } from './folders.ts'
import { inPipe, onTerminal } from './terminal.ts'

const idsIn = (logs: string): string[] => Array.from(openRuns(logs), ({ id }) => id)

describe('tag, note and archive', () => {
  test('say what people think of runs, and change nothing that a run wrote', async () => {
    const logs = writeRuns()
    const at = ['--logs', logs]
    const info = readFileSync(join(logs, '1/metadata/info.yaml'), 'utf8')
    expect((await onTerminal(['tag', 'best', '1', '5', ...at])).stdout).toMatchInlineSnapshot(`
      "id  tags       notes  archived
       1  best
       5  odd, best
      "
    `)
    expect((await inPipe(['note', '1', 'with', 'warm-up', ...at])).stdout).toBe(
      'id\ttags\tnotes\tarchived\n1\t["best"]\twith warm-up\t\n',
    )
    expect((await inPipe(['ls', '-q', '@best', ...at])).stdout).toBe('5\n1\n')
    await inPipe(['tag', '--remove', 'best', '1', ...at])
    expect((await inPipe(['ls', '-q', '@best', ...at])).stdout).toBe('5\n')
    expect((await inPipe(['archive', '1..3', ...at])).stdout).toContain('1\t[]\twith warm-up\ttrue\n')
    expect(await onTerminal(['ls', '-c', 'id', ...at])).toEqual({
      exitCode: 0,
      stdout: 'id\n 5\n 4\n',
      stderr: '2 of 5 runs, 3 archived ones left out (--all)\n',
    })
    await inPipe(['archive', '4..5', ...at])
    expect(await inPipe(['ls', '-q', ...at])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'all runs are archived; --all shows them\n',
    })
    await inPipe(['archive', '--undo', '4..5', ...at])
    expect((await inPipe(['ls', '-q', 'archived', ...at])).stdout).toBe('3\n2\n1\n')
    expect((await inPipe(['ls', '-q', '--all', ...at])).stdout).toBe('5\n4\n3\n2\n1\n')
    await inPipe(['archive', '--undo', '1..3', ...at])
    expect((await inPipe(['ls', '-q', ...at])).stdout).toBe('5\n4\n3\n2\n1\n')
    expect(readFileSync(join(logs, '1/metadata/info.yaml'), 'utf8')).toBe(info)
    expect((await onTerminal(['show', '1', ...at])).stdout).toContain('  notes    with warm-up\n')
  })

  test('complain about what they are not told', async () => {
    const at = ['--logs', writeRuns()]
    for (const args of [['tag', 'best'], ['tag', 'a b', '1'], ['note', '1'], ['archive']])
      expect(await inPipe([...args, ...at])).toMatchObject({ exitCode: 2, stdout: '' })
    expect(await inPipe(['tag', 'best', '@none', ...at])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'no run matches\n',
    })
  })
})

describe('rm', () => {
  test('says what would go, and with --yes moves it to a trash beside the runs', async () => {
    const logs = writeRuns()
    const at = ['--logs', logs]
    const dry = await onTerminal(['rm', '3', "status == 'FAILED'", ...at])
    expect(dry.exitCode).toBe(0)
    expect(dry.stdout.replaceAll(/\d+ B/g, '500 B').replaceAll(/ +/g, ' ')).toMatchInlineSnapshot(`
      "id status info.age size
       3 COMPLETE 3h00m 500 B
       5 FAILED 1h30m 500 B
      "
    `)
    expect(dry.stderr).toMatch(/^nothing was moved: 2 runs, [\d.]+ k?B would go to the trash with --yes\n$/)
    expect(idsIn(logs)).toHaveLength(5)

    const done = await inPipe(['rm', '3', "status == 'FAILED'", '--yes', ...at])
    expect(done.stdout).toMatch(
      /^id\tstatus\tinfo.age\tsize\n3\tCOMPLETE\t[\d.]+\t\d+\n5\tFAILED\t[\d.]+\t\d+\n$/,
    )
    expect(done.stderr).toMatch(/^moved to .*\/\.trash\/[\d_-]+: 2 runs, [\d.]+ k?B\n$/)
    expect(idsIn(logs)).toEqual(['1', '2', '4'])
    const [time] = readdirSync(join(logs, '.trash')) as [string]
    const inTrash = await inPipe(['ls', '-c', 'id,config.seed', '--logs', join(logs, '.trash', time)])
    expect(inTrash.stdout).toBe('id\tconfig.seed\n5\t0\n3\t0\n')

    await inPipe(['rm', '4', '--yes', ...at])
    await inPipe(['rm', '2', '--yes', ...at])
    expect(readdirSync(join(logs, '.trash'))).toHaveLength(3)
    expect(idsIn(logs)).toEqual(['1'])
  })

  test('moves nothing for a variable that a shell has not set, or a yes that is a no', async () => {
    const logs = writeRuns()
    for (const args of [
      ['rm', '', '--yes'],
      ['rm', '1', '--yes=false'],
      ['prune', ' ', '--yes'],
    ])
      expect(await inPipe([...args, '--logs', logs])).toMatchObject({ exitCode: 2, stdout: '' })
    expect(idsIn(logs)).toHaveLength(5)
  })

  test('leaves runs alone that are being written, or have others in their folder', async () => {
    const logs = newFolder()
    const at = ['--logs', logs]
    const run = new RunLogger({ parentLogDir: logs })
    expect(await inPipe(['rm', '1', '--yes', ...at])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'error: run 1 is being written; stop it first, or leave it out\n',
    })
    run.finish()
    writeRun(logs, 'mnist')
    writeRun(logs, 'mnist/first')
    expect(await inPipe(['rm', 'mnist', '--yes', ...at])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        'error: the folder of run mnist has another run in it, mnist/first; name that one, too, or leave mnist out\n',
    })
    expect((await inPipe(['rm', 'mnist', 'first', '--yes', ...at])).exitCode).toBe(0)
    expect(idsIn(logs)).toEqual(['1'])
    const [time] = readdirSync(join(logs, '.trash')) as [string]
    expect(idsIn(join(logs, '.trash', time))).toEqual(['mnist', 'mnist/first'])
  })

  test('says when there is no making a trash', async () => {
    const logs = writeRuns()
    writeFile('a file', logs, '.trash')
    const { exitCode, stderr } = await inPipe(['rm', '1', '--yes', '--logs', logs])
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringContaining(`error: cannot make the trash "${logs}/.trash": `),
    ])
    expect(idsIn(logs)).toHaveLength(5)
    expect(await inPipe(['rm', '--yes', '--logs', logs])).toMatchObject({ exitCode: 2 })
  })
})

describe('prune', () => {
  test('chooses runs by status, age and score', async () => {
    const logs = writeRuns()
    const pruned = async (...args: string[]): Promise<string[]> => {
      const { stdout } = await inPipe(['prune', ...args, '--logs', logs])
      return [...stdout.matchAll(/^(\d+)\t/gm)].map(([, id]) => id!)
    }
    expect(await pruned('--failed')).toEqual(['5'])
    expect(await pruned('--older', '210m')).toEqual(['2', '1'])
    expect(await pruned('--failed', '--older', '2h')).toEqual([])
    expect(await pruned('--keep-best', '2', '--by', 'val.val_loss')).toEqual(['4', '2', '5'])
    expect(await pruned('--keep-best', '1', '--by', '-train.acc.max', '1..2')).toEqual(['2'])
    expect(await pruned('config.seed == 1')).toEqual(['4', '2'])
    expect(idsIn(logs)).toHaveLength(5)
    expect(await pruned('--keep-best', '1', '--by', 'val.val_loss', '--yes')).toEqual(['1', '4', '2', '5'])
    expect(idsIn(logs)).toEqual(['3'])
  })

  test('says what it does', async () => {
    const logs = writeRuns()
    const { stdout, stderr } = await onTerminal(['prune', '--failed', '--logs', logs])
    expect(stdout.replaceAll(/\d+ B/g, '500 B')).toMatchInlineSnapshot(`
      "id  status  info.age   size
       5  FAILED     1h30m  500 B
      "
    `)
    expect(stderr).toMatch(/^nothing was moved: 1 run, \d+ B would go to the trash with --yes\n$/)
    expect(await onTerminal(['prune', '--older', '9d', '--logs', logs])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'no run matches\n',
    })
  })

  test.each([
    [[], 'say which runs: name them, or use --failed'],
    [['--keep-best', '1'], '--keep-best and --by belong together'],
    [['--older', 'long'], '--older must be an age such as 12h, 7d or 4w, not long'],
    [['--keep-best', '1', '--by', 'train.none'], 'none of these runs has train.none'],
    [['--keep-best', '0', '--by', 'train.loss'], '--keep-best must be a whole number from 1, not 0'],
  ])('with %j does nothing', async (args, message) => {
    const logs = writeRuns()
    const { exitCode, stdout, stderr } = await inPipe(['prune', ...args, '--yes', '--logs', logs])
    expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)])
    expect(idsIn(logs)).toHaveLength(5)
  })

  test('leaves out runs that are being written', async () => {
    const logs = writeRuns()
    const run = new RunLogger({ parentLogDir: logs })
    writeRun(logs, 7, { status: 'RUNNING', info: { hostname: 'gpu18' }, age: 60 })
    const { stderr } = await inPipe(['prune', '5..7', '--yes', '--logs', logs])
    expect(stderr).toMatch(/^left out, as they are being written, or may be: 6, 7\nmoved to/)
    run.finish()
    expect(idsIn(logs)).toEqual(['1', '2', '3', '4', '6', '7'])
  })

  test('of checkpoints keeps the newest good one, and the one that was saved last', async () => {
    const logs = newFolder()
    const at = ['--logs', logs]
    const first = await writeCheckpoints(writeRun(logs, 1), [100, 300, 400, 200])
    await linkLast(first, 'step=200')
    writeFile('damaged', first, 'step=400/model.safetensors')
    const second = await writeCheckpoints(writeRun(logs, 2), [5])
    writeFile('damaged', second, 'step=5/manifest.json')
    const dry = await onTerminal(['prune', '1..2', '--checkpoints', ...at])
    expect(dry.stdout.replaceAll(/\d+ B/g, '700 B')).toMatchInlineSnapshot(`
      "id  checkpoint   size
       1  step=100    700 B
       1  step=400    700 B
      "
    `)
    expect(dry.stderr).toMatch(/^nothing was moved: 2 checkpoints, /)
    expect((await inPipe(['prune', '1..2', '--checkpoints', '--yes', ...at])).exitCode).toBe(0)
    expect((await listCheckpoints(first)).map(({ name }) => name)).toEqual(['step=200', 'step=300'])
    expect(existsSync(join(first, 'last', 'manifest.json'))).toBe(true)
    expect(await listCheckpoints(second)).toHaveLength(1)
    const [time] = readdirSync(join(logs, '.trash')) as [string]
    expect(readdirSync(join(logs, '.trash', time, '1/checkpoints'))).toEqual(['step=100', 'step=400'])
    expect(await inPipe(['prune', '1..2', '--checkpoints', '--yes', ...at])).toMatchObject({
      exitCode: 1,
      stdout: '',
    })
  })
})

describe('doctor', () => {
  test('finds nothing in runs that are well', async () => {
    const logs = newFolder()
    await writeCheckpoints(writeRun(logs, 1, { metrics: { train: [{ step: 1, loss: 1 }] } }), [1, 2])
    expect(await onTerminal(['doctor', '--logs', logs])).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '1 run, nothing wrong\n',
    })
    expect(await inPipe(['doctor', '--logs', logs])).toMatchObject({
      exitCode: 0,
      stdout: 'id\tfile\tproblem\n',
    })
    expect((await inPipe(['doctor', '--logs', logs, '--json'])).stdout).toBe('[]\n')
    expect(await onTerminal(['doctor', '@none', '--logs', logs])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'no run matches\n',
    })
  })

  test('finds what is torn, damaged, dead or doubtful', async () => {
    const logs = newFolder()
    writeRun(logs, 1, {
      metrics: {
        train: [{ step: 1, loss: 1 }, '{"step": 2, "lo', '\n[1]\n', '{"step": 2, "loss": 1}\n{"step"'],
      },
    })
    writeRun(logs, 2, {
      metrics: {
        train: [
          { step: 1, loss: 1 },
          { step: 2, loss: 2 },
          { step: 2, loss: 3 },
          '{"step": 3, "loss": NaN}\n{"step": 4, "loss": Infinity}\n',
        ],
        val: ['{"val_loss": -Infinity}\n'],
      },
    })
    const dead = writeRun(logs, 3, { status: 'RUNNING' })
    writeFile('{"hostname": "gpu17", "heartbeat": "2026-01-01T00:00:00Z"}', dead, '.writer-1')
    writeRun(logs, 4, { status: 'RUNNING', info: { hostname: 'gpu18' } })
    writeFile('a: [', writeRun(logs, 5), 'metadata/config.yaml')
    writeFile('', logs, '6/metadata/config.yaml')
    const checkpoints = await writeCheckpoints(writeRun(logs, 7), [1, 2, 3])
    const weights = readFileSync(join(checkpoints, 'step=2/model.safetensors'))
    weights[weights.length - 1]! ^= 1
    writeFileSync(join(checkpoints, 'step=2/model.safetensors'), weights)
    writeFile('{}', checkpoints, 'step=3/manifest.json')
    writeFile('short', logs, '7/artifacts/Checkpoint/last_ckpt.safetensors')
    const { exitCode, stdout, stderr } = await onTerminal(['doctor', '--logs', logs], { columns: 160 })
    expect(stdout).toMatchInlineSnapshot(`
      "id  file                                        problem
       1  metrics/train.json                          line 2, 3, 5: no row of metrics
       2  metrics/train.json                          1 row with a step that stood before, first step 2; the last row counts
       2  metrics/train.json                          loss is not finite in 2 rows, first NaN at step 3
       2  metrics/val.json                            val_loss is not finite in 1 row, first -Infinity at row 1
       3  metadata/info.yaml                          says RUNNING, but its process is gone; see trainyard resume 3
       4  metadata/info.yaml                          says RUNNING, and nothing tells whether it is
       5  metadata/config.yaml                        is not YAML: unexpected end of the stream within a flow collection in line 1, column 5
       6  metadata/info.yaml                          is missing
       6  metadata/config.yaml                        holds no keys and values
       7  checkpoints/step=3                          is damaged: manifest.json is not whole
       7  checkpoints/step=2                          is damaged: model.safetensors has CRC cd22a311, its manifest says ba259387
       7  artifacts/Checkpoint/last_ckpt.safetensors  is not a safetensors file: it has only 5 bytes
      "
    `)
    expect([exitCode, stderr]).toEqual([1, '7 runs, 12 problems\n'])
    const one = await inPipe(['doctor', '2', '--logs', logs])
    expect(one.stdout).toMatchInlineSnapshot(`
      "id	file	problem
      2	metrics/train.json	1 row with a step that stood before, first step 2; the last row counts
      2	metrics/train.json	loss is not finite in 2 rows, first NaN at step 3
      2	metrics/val.json	val_loss is not finite in 1 row, first -Infinity at row 1
      "
    `)
  })
})

describe('resume', () => {
  test('prints the command that a run was started with', async () => {
    const logs = newFolder()
    const run = writeRun(logs, 1, {
      status: 'FAILED',
      info: { arguments: ['--rate', '0.1', "it's"], work_dir: '/home/ada/my project' },
    })
    const folder = await writeCheckpoints(run, [100, 200, 300])
    writeFile('damaged', folder, 'step=300/manifest.json')
    const { exitCode, stdout, stderr } = await onTerminal([
      'resume',
      '1',
      '--logs',
      logs,
      '--',
      '--epochs',
      '20',
    ])
    expect(exitCode).toBe(0)
    expect(stdout).toBe(
      `cd '/home/ada/my project' && /usr/bin/node /home/ada/train.js --rate 0.1 'it'\\''s' --epochs 20\n`,
    )
    expect(stderr).toMatchInlineSnapshot(`
      "the newest good checkpoint is step=200, after 200 steps
      warning: the checkpoint step=300 is damaged: manifest.json is not whole
      warning: the run was started on gpu17, not here
      nothing was started; --yes does
      "
    `)
    expect(JSON.parse((await inPipe(['resume', '--json', '--logs', logs])).stdout)).toEqual({
      directory: '/home/ada/my project',
      program: '/usr/bin/node',
      args: ['/home/ada/train.js', '--rate', '0.1', "it's"],
    })
  })

  test('starts it with --yes, and ends as it does', async () => {
    const logs = newFolder()
    writeFile(
      'process.exit(process.title === "training" && process.argv[2] === "--go" && process.argv[3] === "on" ? 7 : 1)',
      logs,
      'train.mjs',
    )
    writeRun(logs, 1, {
      status: 'INTERRUPTED',
      info: {
        executable: process.execPath,
        executable_arguments: ['--title=training'],
        current_file_path: 'train.mjs',
        work_dir: logs,
        arguments: ['--go'],
      },
    })
    expect(await inPipe(['resume', '--yes', '--logs', logs, '--', 'on'])).toMatchObject({ exitCode: 7 })
    writeRun(logs, 2, { info: { work_dir: `${logs}/none` } })
    expect(await inPipe(['resume', '2', '--yes', '--logs', logs])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(
        `error: the folder "${logs}/none" that it was started in is gone`,
      ) as string,
    })
  })

  test('tells a program that uses launch() which run it is', async () => {
    const logs = newFolder()
    writeFile("import { launch } from '@trainyard/launch'", logs, 'train.mjs')
    const given = ['lr=0.1,0.01', '+trainyard.git=record', '+trainyard.logger.forcedLogId=3']
    const info = {
      current_file_path: join(logs, 'train.mjs'),
      work_dir: logs,
      hostname: '',
      arguments: given,
    }
    writeRun(logs, 4, { info })
    writeRun(logs, 5, { info: { ...info, log_dir: '/elsewhere/5' } })
    const command = `cd ${logs} && /usr/bin/node ${logs}/train.mjs +trainyard.git=record`
    expect((await inPipe(['resume', '4', '--logs', logs])).stdout).toBe(
      `${command} +trainyard.logger.forcedLogId=4\n`,
    )
    expect((await inPipe(['resume', '5', '--logs', logs])).stdout).toBe(
      `${command} +trainyard.logger.parentLogDir=${logs} +trainyard.logger.forcedLogId=5\n`,
    )
  })

  test('refuses what cannot go on', async () => {
    const logs = newFolder()
    const run = new RunLogger({ parentLogDir: logs })
    const error = async (id: string): Promise<string> => {
      const { exitCode, stdout, stderr } = await inPipe(['resume', id, '--yes', '--logs', logs])
      expect([exitCode, stdout]).toEqual([1, ''])
      return stderr
    }
    expect(await error('1')).toBe('error: run 1 is being written; wait for it, or stop it first\n')
    run.finish()
    writeRun(logs, 2, { info: { arguments: ['--api-key=***'] } })
    expect(await error('2')).toContain('run 2 was started with a secret that was not kept (--api-key=***)')
    writeRun(logs, 3, { info: { arguments: null } })
    expect(await error('3')).toContain('run 3 does not say with what arguments it was started')
  })
})
