// Two hosts on one machine: name spaces of the network with a cable between them.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const names = ['trainyard-a', 'trainyard-b']
const addresses = ['10.213.7.1', '10.213.7.2']
const [cableA, cableB] = ['trainyard-va', 'trainyard-vb']

/** Makes them, or gives `{ skipped }` with the reason. */
export function twoHosts(folder) {
  if (process.platform !== 'linux' || process.getuid() !== 0) return { skipped: 'needs Linux and root' }
  remove()
  try {
    for (const name of names) ip('netns', 'add', name)
    ip('link', 'add', cableA, 'type', 'veth', 'peer', 'name', cableB)
    for (const [i, cable] of [cableA, cableB].entries()) {
      ip('link', 'set', cable, 'netns', names[i])
      ip('-n', names[i], 'addr', 'add', `${addresses[i]}/24`, 'dev', cable)
      ip('-n', names[i], 'link', 'set', 'lo', 'up')
      ip('-n', names[i], 'link', 'set', cable, 'up')
    }
  } catch (error) {
    remove()
    return { skipped: error.message }
  }
  const ssh = join(folder, 'ssh.sh')
  writeFileSync(
    ssh,
    `#!/bin/sh
# Stands for ssh: options, a host, a command.
while [ "\${1#-}" != "$1" ]; do shift; done
case $1 in ${addresses[0]}) name=${names[0]} ;; *) name=${names[1]} ;; esac
shift
exec ip netns exec $name unshare --uts sh -c "hostname $name; $*"
`,
    { mode: 0o755 },
  )
  const file = (name, suffix) => {
    writeFileSync(join(folder, name), addresses.map((address) => `${address}${suffix}\n`).join(''))
    return join(folder, name)
  }
  return {
    names,
    openMpiFile: file('hosts.openmpi', ' slots=1'),
    mpichFile: file('hosts.mpich', ':1'),
    /** What a command on the first host begins with. */
    prefix: [
      'ip',
      'netns',
      'exec',
      names[0],
      'unshare',
      '--uts',
      'sh',
      '-c',
      `hostname ${names[0]}; exec "$@"`,
      'sh',
    ],
    // UCX, below MPICH, would find that both hosts share their memory.
    env: {
      OMPI_MCA_plm_rsh_agent: ssh,
      HYDRA_LAUNCHER: 'ssh',
      HYDRA_LAUNCHER_EXEC: ssh,
      UCX_TLS: 'tcp,self',
    },
    cut: () => ip('-n', names[0], 'link', 'set', cableA, 'down'),
    mend: () => ip('-n', names[0], 'link', 'set', cableA, 'up'),
    remove,
  }
}

function remove() {
  for (const name of names) spawnSync('ip', ['netns', 'del', name])
}

function ip(...args) {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
}
