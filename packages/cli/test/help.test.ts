import { describe, expect, test } from 'vitest'
import { writeRuns } from './folders.ts'
import { inPipe, onTerminal } from './terminal.ts'

const at = ['--logs', writeRuns()]

/** What the help of each command says, without what every command takes. */
const helps: Readonly<Record<string, string>> = {
  ui: `Shows the runs in a page, live, until Ctrl-C.

Usage: trainyard ui [options]

Prints the address of the page. It answers to this machine only; with --host others can see the
runs, too, so think of who they are. What is behind the # of the address allows to write notes
and tags: keep it to yourself.

Options
  --port <number>   the port (default: 6007, or the next one free)
  --host <address>  to whom it answers (default: 127.0.0.1)
  --open            opens the page in a browser
  --read-only       nobody can write notes or tags

Examples
  trainyard ui
  trainyard ui --open
  trainyard ui --logs /data/runs --port 8080 --read-only
`,
  ls: `Lists runs, the newest first, with what their configs differ in.

Usage: trainyard ls [runs] [options]

A field is config.<name>, info.<name>, id, status, tags, or a metric: train.loss, the last
value, or train.loss.min, max, mean, first, count, argmin, argmax.

Options
  -c, --columns <fields>  what to show: id,config.lr,train.loss.min
  --sort <field>          sorts, the least first; -train.acc.max: the greatest first
  -n, --top <count>       the first so many
  -q, --quiet             only the names of the runs, one a line
  --all                   with those that are archived

Examples
  trainyard ls
  trainyard ls "status == 'COMPLETE' & config.lr <= 0.1" --sort val.val_loss.min -n 3
  trainyard ls -q --sort -val.val_accuracy.max -n 1
`,
  show: `Tells all about a run: status, command, config, metrics, files, checkpoints.

Usage: trainyard show [run] [options]

Without a run it is about the last one.

Examples
  trainyard show
  trainyard show 7
  trainyard show 7 --json | jq .config
`,
  tail: `Prints the last rows of a run, or what it printed, and goes on with -f.

Usage: trainyard tail [run] [options]

Without a run it is about the last one. With -f it ends when the run does.

Options
  -f, --follow         goes on with what comes
  -n, --lines <count>  how many lines (default: 10)
  --log <name>         the metrics file (default: train, else the first)
  --console            what the program printed, if the run kept it

Examples
  trainyard tail
  trainyard tail 7 -f
  trainyard tail 7 --log val -n 3
  trainyard tail 7 --console -f
`,
  plot: `Draws a metric of runs in the terminal.

Usage: trainyard plot <metric> [runs] [options]

Without a run it is about the last one. The greatest and the least value are always to be seen,
however many there are. In a pipe it gives the numbers.

Options
  --by <axis>      step, epoch or row (default: the first that there is)
  --log-y          draws values on a logarithmic axis
  --height <rows>  how high it is (default: 16)

Examples
  trainyard plot train.loss
  trainyard plot train.loss 3 7 --log-y
  trainyard plot val.val_accuracy "config.lr == 0.1" --by epoch
`,
  diff: `Shows in what runs differ, and from which step on.

Usage: trainyard diff <run> <run> [more] [options]

Shows what differs in the configs, the status, the host, the commit, and the last values of
metrics. Of two runs it also finds, for each metric, the first step at which the values are not
the same, to the last bit; times do not count. With --all it shows what is equal, too. The exit
code is 0 if nothing differs, else 1.

Options
  --all  shows what is equal, too

Examples
  trainyard diff 3 7
  trainyard diff -2 last
  trainyard diff 3..6 --csv
`,
  query: `Finds runs by a query, and says what groups of them come to.

Usage: trainyard query [runs] [options]

A query compares fields: == != < <= > >=, in [1, 2], contains 'x', =~ '^pattern',
exists(config.lr), config.lr is null, joined by and, or, not and brackets; durations are written
1h30m, dates 2026-11-02. Every query of MLXPy is one.

Without --group and --agg it lists the runs. The aggregates are count, count(field), min(field),
max, mean, std (of the whole group) and last. --sort and -n then are about the groups: --sort
"mean(val.val_loss)".

Options
  -c, --columns <fields>  what to show: id,config.lr,train.loss.min
  --sort <field>          sorts, the least first; -train.acc.max: the greatest first
  -n, --top <count>       the first so many
  --group <fields>        puts runs together that have the same values there
  --agg <aggregates>      what to make of a group (default: count)

Examples
  trainyard query "train.loss.min < 0.1 and info.duration < 10m"
  trainyard query --group config.lr
  trainyard query "status == 'COMPLETE'" --group config.lr --agg "mean(val.val_loss),count"
`,
  export: `Writes every row of metrics of runs as CSV, TSV or JSON.

Usage: trainyard export <runs> [options]

A row has the run, the metrics file, and what was logged; nothing is left out or rounded. The
ending of the file chooses the format. JSON has the configs and infos, too; what is not finite
is null there, as JSON has no NaN.

Options
  -o, --output <file>  where to (default: stdout)
  --log <name>         only this metrics file

Examples
  trainyard export 7 -o run7.csv
  trainyard export "config.lr == 0.1" --log train -o rate.json
  trainyard export last | cut -f 3,4
`,
  report: `Writes runs as one HTML file: table, charts, configs, images.

Usage: trainyard report [runs] [options]

Without runs it has all that are not archived. The file needs no server and nothing else; of
long metrics it keeps what a chart shows, the least and the greatest value among it.

Options
  -o, --output <file>  where to (default: report.html)

Examples
  trainyard report
  trainyard report "config.lr < 0.1" -o good.html
  trainyard report 3 7 9
`,
  resume: `Prints the command that goes on with a run; starts it with --yes.

Usage: trainyard resume [run] [options]

Prints the command that the run was started with, in its folder; what stands behind -- comes
last. A program that uses launch() of @trainyard/launch is told which run to go on with; another
one has to find its way itself, as with interruptedRun() and AutoResume. Look at the command
before you start it: whoever wrote the folder has chosen it.

Options
  --yes  starts it

Examples
  trainyard resume
  trainyard resume 7 --yes
  trainyard resume 7 --yes -- --epochs 20
`,
  tag: `Gives runs a tag, by which @tag names them; takes it away with --remove.

Usage: trainyard tag <tag> <runs> [options]

Options
  --remove  takes the tag away

Examples
  trainyard tag best 7
  trainyard tag baseline 3..5
  trainyard tag --remove best 7
`,
  note: `Keeps a note with a run.

Usage: trainyard note <run> <text> [options]

Examples
  trainyard note 7 "the one with warm-up"
  trainyard note 7 ""
`,
  archive: `Puts runs away, so that ls leaves them out; brings them back with --undo.

Usage: trainyard archive <runs> [options]

Options
  --undo  brings them back

Examples
  trainyard archive 1..20
  trainyard archive --undo 7
  trainyard ls --all
`,
  rm: `Moves runs to the trash; without --yes only says which.

Usage: trainyard rm <runs> [options]

The trash is .trash in the folder of the runs. Move a run back from there, or delete the trash
to have the space. What is in it is shown by trainyard ls --logs logs/.trash/<time>.

Options
  --yes  does it

Examples
  trainyard rm 7
  trainyard rm 3..9 --yes
  trainyard rm "status == 'FAILED' & info.age > 7d" --yes
`,
  prune: `Moves runs to the trash by age, status or score; without --yes only says which.

Usage: trainyard prune [runs] [options]

A run goes if all that was asked for holds for it; one that is being written stays. With
--checkpoints the runs stay, and what goes is all of their checkpoints but the newest one that
is good, and the one that was saved last.

Options
  --failed             those that failed, or died
  --older <age>        those that were started longer ago: 12h, 7d, 4w
  --keep-best <count>  all but the best so many, by --by
  --by <metric>        the least is the best: val.val_loss.min; -val.acc.max: the greatest
  --checkpoints        only their checkpoints, all but the newest good one of each run
  --yes                does it

Examples
  trainyard prune --failed --older 7d
  trainyard prune --keep-best 3 --by val.val_loss.min --yes
  trainyard prune "status == 'COMPLETE'" --checkpoints --yes
`,
  doctor: `Looks for what is torn, damaged, dead or doubtful in runs.

Usage: trainyard doctor [runs] [options]

Reads everything, also every byte of the checkpoints, and changes nothing. Finds: metadata that
is missing or cannot be read, runs whose process is gone, lines that are no rows, steps that
stand twice, metrics that are not finite, checkpoints and artifacts that are damaged.

Examples
  trainyard doctor
  trainyard doctor 7
  trainyard doctor --json
`,
}

const common = `Every command takes
  --logs <folder>  where the runs are (default: ./logs)
  --json           prints JSON
  --csv            prints CSV
  --no-color       prints no colours; so does NO_COLOR=1
  -h, --help       prints what a command does

`

describe('help', () => {
  test('says what commands there are', async () => {
    const { exitCode, stdout, stderr } = await onTerminal(['--help'])
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toMatchInlineSnapshot(`
      "Looks at the runs in a folder, compares them, and tidies up. Needs nothing but the folder.

      Usage: trainyard <command> [runs] [options]

      Look at runs
        ui       shows the runs in a page, live, until Ctrl-C
        ls       lists runs, the newest first, with what their configs differ in
        show     tells all about a run: status, command, config, metrics, files, checkpoints
        tail     prints the last rows of a run, or what it printed, and goes on with -f
        plot     draws a metric of runs in the terminal
        diff     shows in what runs differ, and from which step on
        query    finds runs by a query, and says what groups of them come to
        export   writes every row of metrics of runs as CSV, TSV or JSON
        report   writes runs as one HTML file: table, charts, configs, images

      Go on with one
        resume   prints the command that goes on with a run; starts it with --yes

      Keep order
        tag      gives runs a tag, by which @tag names them; takes it away with --remove
        note     keeps a note with a run
        archive  puts runs away, so that ls leaves them out; brings them back with --undo
        rm       moves runs to the trash; without --yes only says which
        prune    moves runs to the trash by age, status or score; without --yes only says which
        doctor   looks for what is torn, damaged, dead or doubtful in runs

      Runs are named by
        7                  the run of that name; of mnist/first, "first" will do if there is no other
        last  -2           the one that was started last, the one before it
        3..9               all from 3 to 9
        @best              all that have that tag
        "config.lr < 0.1"  all that a query holds for

      Every command takes
        --logs <folder>  where the runs are (default: ./logs)
        --json           prints JSON
        --csv            prints CSV
        --no-color       prints no colours; so does NO_COLOR=1
        -h, --help       prints what a command does

      At a terminal there are tables; in a pipe, or a file, a line of names and lines of values with
      tabs between.
      Exit codes: 0 done, 1 nothing found or something wrong, 2 the command makes no sense.
      \`trainyard <command> --help\` says more. Queries: \`trainyard query --help\`.
      "
    `)
    expect(await inPipe(['help'])).toEqual({ exitCode, stdout, stderr })
    expect(await inPipe([])).toEqual({ exitCode: 2, stdout: '', stderr: stdout })
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(120)
  })

  test('tells of all commands', async () => {
    const { stdout } = await onTerminal(['--help'])
    const names = [...stdout.matchAll(/^ {2}(\w+) {2,8}[a-z]\w* .*\w$/gm)].map(([, name]) => name!)
    expect(names).toEqual(Object.keys(helps))
  })

  test.each(Object.entries(helps))('of %s says what it does', async (name, own) => {
    const stdout = own.replace('Examples\n', `${common}Examples\n`)
    expect(await onTerminal([name, '--help'])).toEqual({ exitCode: 0, stdout, stderr: '' })
    expect(await inPipe([name, '-h'])).toEqual({ exitCode: 0, stdout, stderr: '' })
    expect(await inPipe(['help', name])).toEqual({ exitCode: 0, stdout, stderr: '' })
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(100)
  })

  test('of what is no command says which there are', async () => {
    expect(await inPipe(['help', 'sl'])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `error: there is no command sl; there are ${Object.keys(helps).join(', ')}\ntrainyard --help says more\n`,
    })
  })

  test('fits into a narrow terminal', async () => {
    const { stdout } = await onTerminal(['help', 'prune'], { columns: 60 })
    expect(stdout).toContain(`
  --by <metric>        the least is the best:
                       val.val_loss.min; -val.acc.max: the
                       greatest
`)
    for (const args of [['--help'], ['ls', '--help'], ['prune', '--help']]) {
      const help = await onTerminal(args, { columns: 60 })
      const lines = help.stdout.split('\n').filter((line) => !line.startsWith('  trainyard '))
      expect(Math.max(...lines.map((line) => line.length)), args[0]).toBeLessThanOrEqual(60)
    }
  })

  test('has colours only at a terminal, and only if nobody minds', async () => {
    const colours = async (
      run: typeof onTerminal,
      args: readonly string[],
      env: Record<string, string>,
    ): Promise<boolean> => (await run([...args, ...at], { env })).stdout.includes('\u001b[')
    expect(await colours(onTerminal, ['ls'], {})).toBe(true)
    expect(await colours(onTerminal, ['ls', '--no-color'], {})).toBe(false)
    expect(await colours(onTerminal, ['ls'], { NO_COLOR: '1' })).toBe(false)
    expect(await colours(onTerminal, ['ls'], { TERM: 'dumb' })).toBe(false)
    expect(await colours(inPipe, ['ls'], {})).toBe(false)
    expect(await colours(onTerminal, ['--help'], {})).toBe(true)
    expect((await onTerminal(['ls', ...at], { env: {} })).stdout).toContain('\u001b[31mFAILED\u001b[0m')
  })

  test('tells the version', async () => {
    expect((await inPipe(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
