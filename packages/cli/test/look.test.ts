import { describe, expect, test } from 'vitest'
import { newFolder, writeRun, writeRuns } from './folders.ts'
import { inPipe, onTerminal } from './terminal.ts'

const logs = writeRuns()
const at = ['--logs', logs]

describe('ls', () => {
  test('at a terminal is a table, the newest first, with what differs', async () => {
    const { exitCode, stdout, stderr } = await onTerminal(['ls', ...at])
    expect(exitCode).toBe(0)
    expect(stdout).toMatchInlineSnapshot(`
      "id  status    info.age  info.duration  tags  …fig.optimizer.lr  …g.optimizer.name  config.seed  train.loss  val.val_loss
       5  FAILED       1h30m             3s  odd                 0.1  sgd                          0         NaN
       4  COMPLETE     2h00m          10m04                    0.001  adam                         1     1.00025         1.001
       3  COMPLETE     3h00m          10m03                    0.001  adam                         0     0.00025         0.001
       2  COMPLETE     4h00m          10m02                      0.1  adam                         1       1.025           1.1
       1  COMPLETE     5h00m          10m01                      0.1  adam                         0       0.025           0.1
      "
    `)
    expect(stderr).toBe('5 of 5 runs\n')
  })

  test('in a pipe has tabs, and every digit', async () => {
    const { exitCode, stdout, stderr } = await inPipe([
      'ls',
      '-c',
      'id,status,config.optimizer.lr,train.loss.min',
      ...at,
    ])
    expect(stdout).toMatchInlineSnapshot(`
      "id	status	config.optimizer.lr	train.loss.min
      5	FAILED	0.1	0.5
      4	COMPLETE	0.001	1.00025
      3	COMPLETE	0.001	0.00025
      2	COMPLETE	0.1	1.025
      1	COMPLETE	0.1	0.025
      "
    `)
    expect([exitCode, stderr]).toEqual([0, ''])
  })

  test('as CSV and as JSON', async () => {
    expect((await onTerminal(['ls', '1', '5', '-c', 'id,tags,train.loss', '--csv', ...at])).stdout).toBe(
      'id,tags,train.loss\r\n1,,0.025\r\n5,"[""odd""]",NaN\r\n',
    )
    const json = await onTerminal(['ls', '1', '5', '-c', 'id,tags,train.loss', '--json', ...at])
    expect(json.stderr).toBe('')
    expect(JSON.parse(json.stdout)).toEqual([
      { id: 1, 'train.loss': 0.025 },
      { id: 5, tags: ['odd'], 'train.loss': null },
    ])
  })

  test('filters, sorts, and takes the first', async () => {
    const ids = async (...args: string[]): Promise<string> =>
      (await inPipe(['ls', '-q', ...args, ...at])).stdout.trim().replaceAll('\n', ' ')
    expect(await ids()).toBe('5 4 3 2 1')
    expect(await ids('3')).toBe('3')
    expect(await ids('last')).toBe('5')
    expect(await ids('-2')).toBe('4')
    expect(await ids('2..4')).toBe('2 3 4')
    expect(await ids('@odd', '2..3', '3')).toBe('5 2 3')
    expect(await ids('config.optimizer.lr < 1e-2')).toBe('4 3')
    expect(await ids('--sort', 'train.loss.min')).toBe('3 1 5 4 2')
    expect(await ids('--sort', '-train.acc.max', '-n', '2', "status == 'COMPLETE'")).toBe('1 3')
    expect(await ids('-n2')).toBe('5 4')
    expect((await onTerminal(['ls', '--sort', 'val.val_loss', '-n', '1', '-c', 'id', ...at])).stderr).toBe(
      '1 of 5 runs\n',
    )
  })

  test('in a narrow terminal shortens texts, then leaves columns out and says so', async () => {
    const folder = newFolder()
    writeRun(folder, 1, {
      config: { note: 'a long text that does not fit', 'ключ 数据': '漢字かな', lr: 1e-7, b: 1 },
    })
    writeRun(folder, 2, {
      config: { note: 'another \u001b[31mlong\u001b]0;title\u0007 text\nthat does not fit either', lr: 0.25 },
    })
    const { stdout, stderr } = await onTerminal(['ls', '--logs', folder], { columns: 72 })
    expect(stdout).toMatchInlineSnapshot(`
      "id  status    info.age  info.duration  config.note     …g.\`ключ 数据\`
       2  COMPLETE     1h00m           1m00  another long …
       1  COMPLETE     1h00m           1m00  a long text t…  漢字かな
      "
    `)
    expect(stderr).toMatchInlineSnapshot(`
      "not shown, as the terminal is too narrow: config.lr, config.b; --json has all
      2 of 2 runs
      "
    `)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(72)
    expect((await onTerminal(['ls', '--logs', folder])).stdout).toMatchInlineSnapshot(`
      "id  status    info.age  info.duration  config.note                               config.\`ключ 数据\`  config.lr  config.b
       2  COMPLETE     1h00m           1m00  another long text that does not fit eit…                           0.25
       1  COMPLETE     1h00m           1m00  a long text that does not fit             漢字かな                 1e-7         1
      "
    `)
  })

  test('without runs says so', async () => {
    const folder = newFolder()
    const none = `there are no runs in "${folder}"; --logs names the folder that has them\n`
    expect(await onTerminal(['ls', '--logs', folder])).toEqual({ exitCode: 1, stdout: '', stderr: none })
    expect(await inPipe(['ls', '--json', '--logs', folder])).toEqual({
      exitCode: 1,
      stdout: '[]\n',
      stderr: none,
    })
    expect(await inPipe(['show', '--logs', folder])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'error: there is no run last; the folder has none at all, and --logs names another\n',
    })
    expect(await onTerminal(['ls', 'config.seed == 7', ...at])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'no run matches\n',
    })
    expect(await onTerminal(['ls', '--logs', `${folder}/none`])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `error: there is no folder "${folder}/none"; --logs names the one that has the runs\n`,
    })
  })

  test('says which column no run has', async () => {
    const { exitCode, stderr } = await inPipe(['ls', '-c', 'id,train.los', ...at])
    expect([exitCode, stderr]).toEqual([0, 'warning: none of these runs has train.los\n'])
  })
})

describe('a command that makes no sense', () => {
  test.each([
    [['lst'], 'there is no command lst; there are ui, ls, show,'],
    [['ls', '--srot', 'x'], 'there is no option --srot'],
    [['ls', '-x'], 'there is no option -x'],
    [['ls', '--sort'], '--sort needs a value'],
    [['ls', '--no-sort'], '--sort needs a value'],
    [['ls', '-n', 'many'], '--top must be a whole number from 1, not many'],
    [['ls', '-n', ' 1'], '--top must be a whole number from 1, not  1'],
    [['ls', '-c', ','], '--columns needs a list such as id,config.lr, not ","'],
    [['ls', '-c', 'id,config lr'], '"config lr" is no field: '],
    [['ls', '--json=no'], '--json takes no value: --json=no'],
    [['ls', ''], 'an empty text names no run'],
    [['tail', '--console', '--log', 'val'], 'either --console or --log'],
    [['ls', '--json', '--csv'], 'either --json or --csv'],
    [['ls', '--', 'x'], 'ls takes nothing behind --'],
    [['ls', 'config.lr <= '], 'at column 14\n  config.lr <= \n               ^'],
    [['ls', 'trian.loss < 1'], 'no run has a field "trian.loss"'],
    [['ls', '-c', 'trian.loss'], 'no run has a field "trian.loss"'],
    [['show', '1..3'], '1..3 means 3 runs; name one: 1, 2, 3'],
    [['show', '1', '2'], 'one run is expected, not 2: 1 2'],
    [['diff', '1'], 'two runs or more are expected, not 1'],
    [['plot'], 'name a metric, such as train.loss'],
    [['query', '--agg', 'median(train.loss)'], '"median(train.loss)" is no aggregate; there are count'],
  ])('%j is told what is wrong, and where to read on', async (args, message) => {
    const { exitCode, stdout, stderr } = await inPipe([...at, ...args])
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`error: `)
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/\ntrainyard (\w+ )?--help says more\n$/)
  })

  test.each([
    ['17', 'there is no run 17; there are 5, 4, 3, 2, 1'],
    ['-9', 'there is no run -9; there are 5, 4, 3, 2, 1'],
    ['7..9', 'there is no run from 7 to 9; there are 5, 4, 3, 2, 1'],
    ['mnist/first', 'there is no run mnist/first; there are 5, 4, 3, 2, 1'],
  ])('the run %s that is not there is no usage error, but an error', async (word, message) => {
    expect(await inPipe(['show', word, ...at])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `error: ${message}\n`,
    })
  })
})
