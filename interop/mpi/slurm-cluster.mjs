// A cluster of Slurm with one node, this machine, which belongs to this check alone: its files are in a folder, its ports are free ones.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const programs = ['sbatch', 'srun', 'scontrol', 'scancel', 'slurmctld', 'slurmd', 'munged']

/** Starts it, or gives `{ skipped }` with the reason. */
export async function startSlurm(folder) {
  const path = `${process.env.PATH}:/usr/sbin:/sbin`
  const missing = programs.filter((name) => spawnSync(name, ['--version'], { env: { PATH: path } }).error)
  if (missing.length > 0)
    return { skipped: `no ${missing.join(', ')} here (apt-get install slurm-wlm munge)` }
  const at = (name) => join(folder, name)
  for (const name of ['state', 'spool']) mkdirSync(at(name))
  chmodSync(folder, 0o755)
  const [controller, node] = await freePorts(2)
  const { username } = userInfo()
  const host = hostname().split('.')[0]
  writeFileSync(at('munge.key'), randomBytes(1024), { mode: 0o400 })
  writeFileSync(
    at('slurm.conf'),
    `ClusterName=trainyard
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=${username}
SlurmdUser=${username}
AuthInfo=socket=${at('munge.socket')}
SlurmctldPort=${controller}
SlurmctldPidFile=${at('slurmctld.pid')}
SlurmdPidFile=${at('slurmd.pid')}
SlurmctldLogFile=${at('slurmctld.log')}
SlurmdLogFile=${at('slurmd.log')}
StateSaveLocation=${at('state')}
SlurmdSpoolDir=${at('spool')}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
NodeName=node1 NodeHostname=${host} NodeAddr=127.0.0.1 Port=${node} CPUs=2 State=UNKNOWN
PartitionName=main Nodes=node1 Default=YES MaxTime=INFINITE State=UP
`,
  )
  const env = { ...process.env, PATH: path, SLURM_CONF: at('slurm.conf') }
  const daemons = [
    [
      'munged',
      '--foreground',
      '--force',
      ...['key-file', 'socket', 'pid-file', 'log-file', 'seed-file'].map(
        (name) => `--${name}=${at(`munge.${name.replace(/-file$/, '')}`)}`,
      ),
    ],
    ['slurmctld', '-D'],
    ['slurmd', '-D', '-N', 'node1'],
  ].map(([command, ...args]) => spawn(command, args, { env, stdio: 'ignore' }))
  const run = (command, ...args) => spawnSync(command, args, { env, encoding: 'utf8' }).stdout.trim()
  const stop = async () => {
    run('scancel', '--user', username)
    for (const daemon of daemons.toReversed()) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue
      const ended = once(daemon, 'exit')
      daemon.kill('SIGTERM')
      await Promise.race([ended, setTimeout(10_000).then(() => daemon.kill('SIGKILL'))])
    }
  }
  for (let i = 0; i < 60; i++) {
    if (run('sinfo', '--noheader', '--format=%T') === 'idle') return { env, run, stop }
    await setTimeout(500)
  }
  await stop()
  return { skipped: 'Slurm did not start' }
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
}
