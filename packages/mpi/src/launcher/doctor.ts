import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus } from 'node:os'
import { detectRanks } from '../detect-ranks.ts'
import { candidates, loadLibrary } from '../library.ts'
import { mpi, type MpiStrategy } from '../mpi.ts'
import { commandOf, commandText } from './command.ts'
import type { JobOptions } from './job-options.ts'
import { findLauncher } from './launchers.ts'
import { refuseRoot } from './root.ts'

const megabyte = 2 ** 20
/** For how long the ranks may go on, in milliseconds; longer than the `timeout` after which they give up by themselves. */
const patience = 120_000

/** Says which MPI is there, starts two ranks (or `-n`) that talk to each other, and says what is wrong; gives 0 if nothing is. */
export async function doctor(options: JobOptions, script: string): Promise<number> {
  const say = (line: string): void => console.log(line)
  const launcher = findLauncher(options.launcher)
  say(`launcher  ${launcher.kind}: ${launcher.command} (${launcher.version})`)
  try {
    const { file, abi, version } = await loadLibrary(
      candidates(launcher.kind === 'MPICH' ? 'PMI' : launcher.kind),
    )
    say(`library   ${abi.name}: ${file} (${version.split('\n')[0]})`)
  } catch (error) {
    say(`library   ${(error as Error).message}`)
    return 1
  }
  refuseRoot(launcher, options)
  const job = { ...options, ranks: options.ranks ?? 2, program: [process.execPath, script, 'probe'] }
  const command = commandOf(launcher, job, {})
  say(`command   ${commandText(command)}`)
  const { status, signal, stdout, stderr } = spawnSync(command.command, command.args, {
    encoding: 'utf8',
    timeout: patience,
  })
  say(stdout.trim())
  if (status === 0) return 0
  say(stderr.trim())
  const advice = stderr.includes('not enough slots')
    ? '; there are fewer cores than ranks: add --oversubscribe'
    : ''
  say(
    status === null
      ? `problem   the ranks did not come to an end in ${patience / 1000} seconds (${signal})`
      : `problem   the ranks failed (exit code ${status})${advice}`,
  )
  return 1
}

/** What a rank of the doctor does: it says who it is, and how long reductions take. */
export async function probe(): Promise<number> {
  const strategy = (await mpi({ timeout: 60 })) as MpiStrategy
  const { globalRank: rank, worldSize: size } = strategy
  if (size === 1) throw new Error(`this is the only rank: ${JSON.stringify(detectRanks() ?? 'no launcher')}`)
  const cores = availableParallelism()
  const own = `rank ${rank} of ${size}, local rank ${strategy.localRank}, on ${strategy.details.hosts[rank]}: ${cores} of ${cpus().length} cores`
  const all = await strategy.allGather(new TextEncoder().encode(own))
  if (rank === 0) {
    const { library } = strategy.details
    console.log(`ranks     ${library.abi.name} (${library.version.split('\n')[0]!.slice(0, 60)})`)
    for (const line of all) console.log(`          ${new TextDecoder().decode(line)}`)
  }
  for (const bytes of [1024, megabyte, 25 * megabyte]) {
    const buffer = new Float32Array(bytes / 4).fill(1)
    const times: number[] = []
    for (let i = 0; i < 10; i++) {
      await strategy.barrier()
      const began = performance.now()
      await strategy.allReduce(buffer)
      times.push(performance.now() - began)
    }
    if (buffer[0] !== size ** 10) throw new Error(`a sum of ${size} ranks was wrong: ${buffer[0]}`)
    if (rank > 0) continue
    const best = Math.min(...times)
    const amount = bytes < megabyte ? `${bytes / 1024} KB` : `${bytes / megabyte} MB`
    console.log(
      `time      all-reduce of ${amount}: ${best.toFixed(3)} ms (${(bytes / best / 1e6).toFixed(2)} GB/s)`,
    )
  }
  if (rank === 0 && cores < cpus().length && size > 1)
    console.log('warning   ranks are bound to cores; start them with --bind-to none')
  return 0
}
