// Trains on several ranks with every MPI that is here, and lets ranks die in every way.
import assert from 'node:assert/strict'
import {
  assertSameOnRanks,
  bundlePrograms,
  flags,
  launchersHere,
  libraryOf,
  start,
  trainWith,
} from './mpi/jobs.mjs'
import { twoHosts } from './mpi/two-hosts.mjs'

const steps = 50

export const name = 'mpi'

export async function run({ folder, log }) {
  const { found: launchers, skipped } = launchersHere()
  if (skipped) return { skipped }
  const context = { folder, ...(await bundlePrograms()) }
  const alone = await trainWith({ ...context, settings: {} })
  assert.equal(alone.code, 0, alone.output)
  for (const command of launchers) {
    await checkCollectives({ ...context, command })
    log(`${command}: collectives are right`)
    await checkEquality({ ...context, command, expected: alone.weights })
    log(`${command}: 2 and 4 ranks train as one process`)
    await checkFailures({ ...context, command })
    log(`${command}: whatever a rank dies of, the job ends`)
    await checkSignals({ ...context, command })
    log(`${command}: a signal stops all ranks at one step, and they go on`)
  }
  const wrong = await checkWrongLibrary({ ...context, launchers })
  const hosts = await checkHosts({ ...context, launchers, log })
  return { ok: true, note: `${launchers.join(', ')}; ${wrong}; ${hosts}` }
}

async function checkCollectives({ launcher, collectives, command }) {
  // MPICH polls without giving way; more ranks than cores take it very long.
  for (const ranks of command.includes('openmpi') ? [2, 3] : [2]) {
    const args = [
      launcher,
      '-n',
      ranks,
      '--launcher',
      command,
      ...flags(command),
      '--',
      process.execPath,
      '--expose-gc',
    ]
    for (const way of ['', 'mpi', 'threads']) {
      const { code, output } = await start([
        process.execPath,
        ...args,
        collectives,
        '6',
        way,
        libraryOf(command) ?? '',
      ])
      assert.equal(code, 0, output)
      const { problems, sharedMemory, abi } = JSON.parse(
        output.split('\n').find((line) => line.startsWith('{')),
      )
      assert.deepEqual(problems, [])
      assert.equal(sharedMemory, way === '')
      assert.equal(abi === 'MPI ABI', libraryOf(command) !== undefined)
    }
  }
}

async function checkEquality(options) {
  for (const ranks of [2, 4]) {
    const trained = await trainWith({ ...options, ranks, settings: {} })
    assert.equal(trained.code, 0, trained.output)
    assertSameOnRanks(trained.result, ranks)
    assert.equal(trained.output.match(/^\[tfjs\] backend/gm)?.length, 1, trained.output)
    const difference = relativeL2(trained.weights, options.expected)
    assert.ok(difference < 1e-6, `${ranks} ranks differ from one process by ${difference}`)
  }
  const withMpi = await trainWith({ ...options, ranks: 2, settings: { sharedMemory: false } })
  assert.ok(relativeL2(withMpi.weights, options.expected) < 1e-6, 'MPI reduces')
  const settings = { optimizer: 'sgd', batchesPerStep: 2 }
  const [alone, two] = [
    await trainWith({ ...options, command: undefined, settings }),
    await trainWith({ ...options, ranks: 2, settings }),
  ]
  assert.ok(relativeL2(two.weights, alone.weights) < 1e-6, 'steps of two batches')
}

async function checkFailures(options) {
  const ways = {
    throw: [/\[rank 1 of 2\].*[^]*out of luck/, 1],
    reject: [/\[rank 1 of 2, .*nobody caught it/, 1],
    exit: [
      /rank 1 \(.*\) has ended, but this rank waits for it at all-reduce|called process.exit\(\) long before/,
      70,
    ],
    'exit 3': [/the program has ended here, and not on all ranks; ending the job \(exit code 3\)/, 3],
    drift: [/the weights or optimizer slots of rank 1 are not those of rank 0/, 1],
    hang: [/rank 1 \(.*\) did not arrive at all-reduce \d+ within 3 s/, 75],
  }
  for (const [how, [expected, code]] of Object.entries(ways)) {
    const settings = { timeout: 3, fail: { rank: 1, step: 9, how } }
    const failed = await trainWith({ ...options, ranks: 2, settings })
    assert.equal(failed.code, code, `${how}: ${failed.output}`)
    // hydra drops what a rank has printed just before it aborts, now and then.
    if (options.command.includes('openmpi')) assert.match(failed.output, expected)
  }
}

async function checkSignals(options) {
  const save = 40
  const whole = await trainWith({ ...options, ranks: 2, settings: { save } })
  const [toOne, toAll] = [
    { settings: { save, kill: { rank: 1, step: 17, signal: 'SIGTERM' } } },
    { settings: { save, pause: 20 }, onLine: (line, child) => line === 'step 12' && child.kill('SIGTERM') },
  ]
  for (const stopped of [toOne, toAll]) {
    const first = await trainWith({ ...options, ...stopped, ranks: 2 })
    assert.equal(first.code, 143, first.output)
    const [a, b] = first.result.ends.map((text) => text.split(' ')[0])
    assert.equal(a, b)
    assert.ok(a < steps)
    const second = await trainWith({ ...options, own: first.own, ranks: 2, settings: { save } })
    assert.match(second.output, new RegExp(`: ${a} steps and`))
    assert.ok(second.weights.equals(whole.weights), 'resumed on two ranks')
  }
  // With another number of ranks the data are the same, the sums are rounded in another order.
  const stopped = await trainWith({ ...options, ...toOne, ranks: 2 })
  const alone = await trainWith({ ...options, command: undefined, own: stopped.own, settings: { save } })
  assert.ok(relativeL2(alone.weights, whole.weights) < 1e-6, 'resumed by one process')
}

async function checkWrongLibrary({ launchers, ...options }) {
  if (!['mpirun.openmpi', 'mpirun.mpich'].every((command) => launchers.includes(command)))
    return 'one library only, so it was never the wrong one'
  const settings = { library: 'libmpich.so.12' }
  const { code, output } = await trainWith({ ...options, command: launchers[0], ranks: 2, settings })
  assert.notEqual(code, 0)
  assert.match(output, /Open MPI has started 2 processes, but MPICH \("libmpich.so.12"\) sees 1/)
  return 'a wrong library is told'
}

/** Two hosts that are two name spaces of the network, each with a name of its own; a script stands for ssh. */
async function checkHosts({ launchers, log, ...options }) {
  const hosts = twoHosts(options.folder)
  if (hosts.skipped) return `two hosts skipped: ${hosts.skipped}`
  try {
    const whole = await trainWith({ ...options, command: launchers[0], ranks: 2, settings: {} })
    for (const command of launchers) {
      const place = { command, ranks: 2, prefix: hosts.prefix, env: hosts.env }
      const jobOptions = ['--hostfile', command.includes('openmpi') ? hosts.openMpiFile : hosts.mpichFile]
      const two = await trainWith({ ...options, ...place, jobOptions, settings: {} })
      assert.equal(two.code, 0, two.output)
      assertSameOnRanks(two.result, 2)
      assert.deepEqual(two.result.hosts, hosts.names)
      assert.ok(relativeL2(two.weights, whole.weights) < 1e-6)
      log(`${command}: two hosts train as one`)
      const settings = { timeout: 4, steps: 100_000 }
      const cut = await trainWith({
        ...options,
        ...place,
        jobOptions,
        settings,
        onLine: (line) => line === 'step 12' && hosts.cut(),
      })
      hosts.mend()
      assert.notEqual(cut.code, 0)
      // Each side gives up by itself, and these two, of one kernel, may see that the other has.
      assert.match(
        cut.output,
        /rank \d \(.*\) (did not arrive at|is gone)|all ranks are at|MPI has not come back/,
      )
      log(`${command}: a host that is cut off ends the job`)
    }
    return 'two hosts, and one cut off'
  } finally {
    hosts.remove()
  }
}

/** The distance of two lists of weights, over the length of the second. */
function relativeL2(bytes, expectedBytes) {
  const [a, b] = [bytes, expectedBytes].map((file) => new Float32Array(new Uint8Array(file).buffer))
  assert.equal(a.length, b.length)
  return Math.hypot(...a.map((value, i) => value - b[i])) / Math.hypot(...b)
}
