// What every command prints, at a terminal and in a pipe; here, or in the tests of the command:
//
//   ls                      look            terminal, narrow terminal, pipe, CSV, JSON
//   show, query             show-and-query  terminal, pipe; show as JSON; query as JSON, narrow terminal here
//   tail                    tail            terminal, pipe, CSV, JSON, --console
//   plot, diff, export      compare         terminal, pipe, CSV; diff and export as JSON; plot as JSON, narrow terminal here
//   report                  process         terminal, pipe: nothing on stdout
//   ui                      process         pipe; terminal, JSON here
//   resume, doctor          order           terminal; resume in a pipe, doctor as JSON here
//   rm, prune               order           terminal; pipe, CSV, JSON here
//   tag, note, archive      order           terminal; pipe, JSON here
//   help of all             help            terminal, narrow terminal, pipe
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { newFolder, writeRuns } from './folders.ts'
import { inPipe, onTerminal, type Printed } from './terminal.ts'

/** Every command but report, which needs the bundled page, with words that make sense of it. */
const commands: Readonly<Record<string, readonly string[]>> = {
  ui: ['--port', '0'],
  ls: [],
  show: ['4'],
  tail: ['4'],
  plot: ['train.loss', '4', '--height', '4'],
  diff: ['1', '4'],
  query: ['--group', 'config.seed'],
  export: ['4', '--log', 'val'],
  resume: ['4'],
  tag: ['best', '4'],
  note: ['4', 'with warm-up'],
  archive: ['4'],
  rm: ['4'],
  prune: ['--failed'],
  doctor: [],
}
const each = Object.entries(commands)
const report = ['report', [] as readonly string[]] as const

/** Of these, no test changes any. */
const logs = writeRuns()

/** Leaves out what no two starts have in common. */
function steady({ stdout, ...rest }: Printed): Printed {
  return { ...rest, stdout: stdout.replace(/:\d+\/#token=.*/, ':6007/#token=…').replaceAll(logs, '/logs') }
}

const untilInterrupted = async (): Promise<void> => {}

test('all commands are in these tests', async () => {
  const { stdout } = await inPipe(['--help'])
  const names = [...stdout.matchAll(/^ {2}(\w+) {2,8}[a-z]\w* .*\w$/gm)].map(([, name]) => name!)
  expect(names.filter((name) => name !== 'report')).toEqual(Object.keys(commands))
})

describe('at a terminal', () => {
  test.each(each)('%s says with colours what it says without', async (name, words) => {
    const args = [name, ...words, '--logs', writeRuns()]
    const { exitCode, stdout, stderr } = await onTerminal(args, { untilInterrupted, env: {} })
    const plain = { stdout: stripVTControlCharacters(stdout), stderr: stripVTControlCharacters(stderr) }
    expect(steady({ exitCode, ...plain })).toEqual(steady(await onTerminal(args, { untilInterrupted })))
  })

  test('headings are bold, a status has its colour, and what is by the way is dim', async () => {
    const marked = async (...args: string[]): Promise<string> => {
      const { stdout, stderr } = await onTerminal([...args, '--logs', logs], { env: {}, columns: 48 })
      const names = ['/', 'bold', 'dim', 'red', 'green', 'yellow', 'cyan']
      const codes = ['0', '1', '2', '31', '32', '33', '36']
      return (stdout + stderr).replaceAll(
        // oxlint-disable-next-line no-control-regex
        /\u001b\[(\d+)m/g,
        (_, code) => `<${names[codes.indexOf(code as string)]}>`,
      )
    }
    expect(await marked('ls', '4..5', '-c', 'id,status')).toMatchInlineSnapshot(`
      "<bold>id</>  <bold>status</>
       4  <green>COMPLETE</>
       5  <red>FAILED</>
      <dim>2 of 5 runs</>
      "
    `)
    expect(await marked('tail', '5')).toMatchInlineSnapshot(`
      "<bold>step  loss</>
         1   0.5
         2   NaN
      "
    `)
    expect(await marked('query', '--group', 'config.seed')).toMatchInlineSnapshot(`
      "<bold>config.seed</>  <bold>count</>
                0      3
                1      2
      <dim>2 groups of 5 runs</>
      "
    `)
    expect(await marked('ls', '1', '-c', 'id,train.none')).toMatchInlineSnapshot(`
      "<bold>id</>  <bold>train.none</>
       1
      <yellow>warning:</> none of these runs has train.none
      <dim>1 of 5 runs</>
      "
    `)
    expect(await marked('show', '17')).toMatchInlineSnapshot(`
      "<red>error:</> there is no run 17; there are 5, 4, 3, 2, 1
      "
    `)
    expect(await marked('plot', 'train.loss', '1', '3', '--height', '4')).toMatchInlineSnapshot(`
      "<bold>train.loss</> by step
          0.1 ┤<cyan>⠉⠒⠢⠤⢄⣀</>
              │      <cyan>⠉⠑⠒⠤⠤⣀⡀</>
              │            <cyan>⠈⠉⠉⠉⠑⠒⠒⠒⠒⠒⠢⠤⠤⠤⠤⠤⠤⠤⠤⠤⣀⣀⣀⣀⣀⣀⣀</>
      0.00025 ┤<yellow>⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀</>
              └───────────────────────────────────────
               1                                     4
      <cyan>━</> run 1  last 0.025  min 0.025 at step 4  max 0.1 at step 1
      <yellow>━</> run 3  last 0.00025  min 0.00025 at step 4  max 0.001 at step 1
      "
    `)
    expect((await marked('show', '5')).replaceAll(logs, '/logs')).toMatchInlineSnapshot(`
      "<bold>run 5</>  <red>FAILED</>  started 1h30m ago, took 3s
        folder   /logs/5
        command  /usr/bin/node /home/ada/train.js
        in       /home/ada
        on       gpu17
        tags     odd

      <bold>error</>
        <red>Error: the loss is NaN</>
        <red>    at train.js:12</>

      <bold>config</>
        optimizer.lr    0.1
        optimizer.name  sgd
        seed            0

      <bold>metrics</>
                    <bold>last</>  <bold>min</>  <bold>at</>  <bold>max</>  <bold>at</>  <bold>count</>
        train.loss   NaN  0.5   1  0.5   1      2
      "
    `)
  })

  test('that is narrow, what does not fit is shortened or named', async () => {
    const narrow = async (...args: string[]): Promise<string> => {
      const { stdout, stderr } = steady(await onTerminal([...args, '--logs', logs], { columns: 32 }))
      return `${stdout}---\n${stderr}`
    }
    expect(await narrow('show', '4')).toMatchInlineSnapshot(`
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
                         last      min
        train.loss    1.00025  1.00025
        train.acc         0.8      0.2
        val.val_loss    1.001    1.001
      ---
      not shown, as the terminal is too narrow: at, max, at, count; --json has all
      "
    `)
    expect(await narrow('diff', '1', '4')).toMatchInlineSnapshot(`
      "field               1        4
      config.optimi…    0.1    0.001
      config.seed         0        1
      train.loss      0.025  1.00025
      train.acc           1      0.8
      val.val_loss      0.1    1.001
      ---
      not shown, as the terminal is too narrow: change, differs from; --json has all
      the first difference is in train.loss at step 1: 0.1 and 1.001
      "
    `)
    expect(await narrow('query', '--group', 'config.optimizer.lr,config.optimizer.name'))
      .toMatchInlineSnapshot(`
      "….optimizer.lr  …ptimizer.name
                 0.1  adam
               0.001  adam
                 0.1  sgd
      ---
      not shown, as the terminal is too narrow: count; --json has all
      3 groups of 5 runs
      "
    `)
    expect(await narrow('plot', 'train.loss', '4', '--height', '4')).toMatchInlineSnapshot(`
      "train.loss by step
      1.001 ┤⠑⠢⣀
            │   ⠉⠢⢄
            │      ⠉⠒⠤⢄⣀⣀⡀
          1 ┤            ⠈⠉⠉⠑⠒⠒⠢⠤⠤⠤⢄⣀⣀
            └─────────────────────────
             1                       4
      ━ run 4  last 1.00025  min 1.00025 at step 4  max 1.001 at step 1
      ---
      "
    `)
    expect(await narrow('doctor')).toMatchInlineSnapshot(`
      "id  file
       5  metrics/train…
      ---
      not shown, as the terminal is too narrow: problem; --json has all
      5 runs, 1 problem
      "
    `)
  })

  test('ui prints the address, and how to end it', async () => {
    expect(steady(await onTerminal(['ui', '--port', '0', '--logs', logs], { untilInterrupted }))).toEqual({
      exitCode: 0,
      stdout: 'http://127.0.0.1:6007/#token=…\n',
      stderr: 'Ctrl-C ends it\n',
    })
  })

  test('ui says for which option another value would help', async () => {
    const errorOf = async (...args: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await onTerminal(['ui', ...args, '--logs', logs])
      expect([exitCode, stdout]).toEqual([1, ''])
      return stderr
    }
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    expect(await errorOf('--port', String(port))).toBe(
      `error: port ${port} is taken; --port 0 takes one that is free\n`,
    )
    other.close()
    // Of the addresses for documentation (RFC 5737), which no machine has.
    expect(await errorOf('--port', '0', '--host', '192.0.2.1')).toBe(
      'error: --host must be an address of this machine, not 192.0.2.1\n',
    )
  })
})

describe('in a pipe', () => {
  test.each(each)('%s prints no colours, whatever the environment', async (name, words) => {
    const { stdout, stderr } = await inPipe([name, ...words, '--logs', writeRuns()], {
      untilInterrupted,
      env: { FORCE_COLOR: '1', TERM: 'xterm-256color' },
    })
    expect(stdout + stderr).not.toContain('\u001b')
  })

  test('show has a line a field', async () => {
    const { exitCode, stdout, stderr } = steady(await inPipe(['show', '4', '--logs', logs]))
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout.replaceAll(/(at|age)\t.*/g, '$1\t…')).toMatchInlineSnapshot(`
      "field	value
      id	4
      status	COMPLETE
      info.age	…
      info.duration	604
      config.optimizer.lr	0.001
      config.optimizer.name	adam
      config.seed	1
      info.arguments	[]
      info.current_file_path	/home/ada/train.js
      info.ended_at	…
      info.executable	/usr/bin/node
      info.hostname	gpu17
      info.log_dir	/logs/4
      info.log_id	4
      info.started_at	…
      info.status	COMPLETE
      info.work_dir	/home/ada
      train.step	4
      train.loss	1.00025
      train.acc	0.8
      val.step	4
      val.val_loss	1.001
      "
    `)
    const csv = await inPipe(['show', '4', '--csv', '--logs', logs])
    expect(
      csv.stdout
        .replaceAll(/(at|age),.*/g, '$1,…')
        .split('\r\n')
        .slice(0, 6),
    ).toMatchInlineSnapshot(`
      [
        "field,value",
        "id,4",
        "status,COMPLETE",
        "info.age,…",
        "info.duration,604",
        "config.optimizer.lr,0.001",
      ]
    `)
  })

  test('resume has the command alone, and warns all the same', async () => {
    expect(await inPipe(['resume', '4', '--logs', logs])).toEqual({
      exitCode: 0,
      stdout: 'cd /home/ada && /usr/bin/node /home/ada/train.js\n',
      stderr: 'warning: the run was started on gpu17, not here\n',
    })
  })

  test('tag, note and archive have the runs that they have changed', async () => {
    const at = ['--logs', writeRuns()]
    expect(await inPipe(['tag', 'best', '1', '5', ...at])).toEqual({
      exitCode: 0,
      stdout: 'id\ttags\tnotes\tarchived\n1\t["best"]\t\t\n5\t["odd","best"]\t\t\n',
      stderr: '',
    })
    expect(await inPipe(['note', '1', 'a\ttab', '--json', ...at])).toEqual({
      exitCode: 0,
      stdout: `${JSON.stringify([{ id: 1, tags: ['best'], notes: 'a\ttab' }], null, 2)}\n`,
      stderr: '',
    })
    expect(await inPipe(['archive', '1', ...at])).toEqual({
      exitCode: 0,
      stdout: 'id\ttags\tnotes\tarchived\n1\t["best"]\ta\\ttab\ttrue\n',
      stderr: '',
    })
  })

  test('rm and prune have the runs that would go', async () => {
    const args = ['--csv', '--logs', logs]
    for (const command of [
      ['rm', '5'],
      ['prune', '--failed'],
    ]) {
      const { exitCode, stdout, stderr } = await inPipe([...command, ...args])
      expect([exitCode, stdout]).toEqual([
        0,
        expect.stringMatching(/^id,status,info\.age,size\r\n5,FAILED,[\d.]+,\d+\r\n$/),
      ])
      expect(stderr).toMatch(/^nothing was moved: 1 run, \d+ B would go to the trash with --yes\n$/)
    }
  })
})

test('with --json commands have objects, and null for what is not finite', async () => {
  const json = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await inPipe([...args, '--json', '--logs', logs], { untilInterrupted })).stdout)
  const number = expect.any(Number) as number
  const groups = await json('query', '--group', 'config.optimizer.lr', '--agg', 'count,last(train.loss)')
  expect(groups).toEqual([
    { 'config.optimizer.lr': 0.1, count: 3, 'last(train.loss)': null },
    { 'config.optimizer.lr': 0.001, count: 2, 'last(train.loss)': 1.00025 },
  ])
  expect(await json('plot', 'train.loss', '3', '5')).toEqual([
    { step: 1, '3': 0.001, '5': 0.5 },
    { step: 2, '3': 0.0005, '5': null },
    { step: 3, '3': 0.001 / 3 },
    { step: 4, '3': 0.00025 },
  ])
  expect(await json('doctor')).toEqual([
    { id: 5, file: 'metrics/train.json', problem: 'loss is not finite in 1 row, first NaN at step 2' },
  ])
  const failed = [{ id: 5, status: 'FAILED', 'info.age': number, size: number }]
  expect(await json('rm', '5')).toEqual(failed)
  expect(await json('prune', '--failed')).toEqual(failed)
  expect(await json('resume', '5')).toEqual({
    directory: '/home/ada',
    program: '/usr/bin/node',
    args: ['/home/ada/train.js'],
  })
  expect(await json('ui', '--port', '0')).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+$/) as string,
  })
})

describe('every command', () => {
  test.each([...each, report])('%s fails where there is no folder', async (name, words) => {
    const folder = `${newFolder()}/none`
    expect(await inPipe([name, ...words, '--logs', folder])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `error: there is no folder "${folder}"; --logs names the one that has the runs\n`,
    })
  })

  test.each([...each, report])('%s refuses an option that it does not have', async (name, words) => {
    expect(await inPipe([name, ...words, '--nosuch', '--logs', logs])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `error: there is no option --nosuch\ntrainyard ${name} --help says more\n`,
    })
  })

  test.each([...each, report].filter(([name]) => name !== 'ui'))(
    '%s says that a folder has no runs, and how to name another',
    async (name, words) => {
      const { exitCode, stderr } = await onTerminal([name, ...words, '--logs', newFolder()])
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining('--logs names')])
    },
  )
})
