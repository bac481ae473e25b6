// Milliseconds of CPU time a training step of seven small networks, on the JavaScript backend, on the WASM backend as it comes (where it can train at all), and on
// the WASM backend with our training kernels. Each variant in processes of its own, in turn, since kernels are registered for a whole process.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { createNetwork, networks } from '@trainyard/testing'
import { quick, report, say } from './harness/figures.ts'
import { median } from './harness/timing.ts'

const settings = {
  rounds: quick ? 1 : 3,
  seconds: quick ? 0.2 : 1.5, // of measuring, a network and variant
  warmUp: 3, // steps
  bar: 10, // times as fast as the JavaScript backend, geometric mean
}

const variants = ['cpu', 'stock wasm', 'wasm'] as const
type Variant = (typeof variants)[number]

/** What a variant gave: milliseconds a step of each network that it can train. */
type Times = Record<string, number>

const worker = process.argv.find((arg) => arg.startsWith('--variant='))
if (worker) console.log(JSON.stringify(await measure(worker.slice('--variant='.length) as Variant)))
else await compare()

async function compare(): Promise<void> {
  const times = new Map<string, number[]>()
  for (let round = 0; round < settings.rounds; round++)
    for (const variant of variants) {
      const args = [process.argv[1]!, `--variant=${variant}`, ...(quick ? ['--quick'] : [])]
      const { stdout } = await promisify(execFile)(process.execPath, args)
      for (const [network, ms] of Object.entries(
        JSON.parse(stdout.split('\n').findLast(Boolean)!) as Times,
      )) {
        const key = `${network} ${variant}`
        times.set(key, [...(times.get(key) ?? []), ms])
      }
      say(`round ${round + 1}: ${variant}`)
    }
  const of = (network: string, variant: Variant): number => median(times.get(`${network} ${variant}`) ?? [])
  for (const { name } of networks) {
    const cpu = of(name, 'cpu')
    report('wasm', { figure: `${name}, cpu`, value: cpu, unit: 'ms/step' })
    if (times.has(`${name} stock wasm`))
      report('wasm', {
        figure: `${name}, stock wasm`,
        value: of(name, 'stock wasm'),
        unit: 'ms/step',
        ratio: of(name, 'stock wasm') / cpu,
        against: 'cpu',
      })
    else say(`${name}: stock wasm cannot train it`)
    report('wasm', {
      figure: `${name}, wasm`,
      value: of(name, 'wasm'),
      unit: 'ms/step',
      ratio: of(name, 'wasm') / cpu,
      against: 'cpu',
    })
  }
  const speedUps = networks.map(({ name }) => of(name, 'cpu') / of(name, 'wasm'))
  const mean = Math.exp(speedUps.reduce((sum, speedUp) => sum + Math.log(speedUp), 0) / speedUps.length)
  const bar = { text: `>= ${settings.bar} x`, met: mean >= settings.bar }
  report('wasm', { figure: 'times as fast as cpu, geometric mean', value: mean, unit: 'x', bar })
}

/** Trains every network on one backend and gives the median time of a step; a network that cannot be trained is left out. */
async function measure(variant: Variant): Promise<Times> {
  if (variant === 'wasm') await (await import('@trainyard/tfjs-wasm')).registerTrainingKernels()
  else if (variant === 'stock wasm') await import('@tensorflow/tfjs-backend-wasm')
  await tf.setBackend(variant === 'cpu' ? 'cpu' : 'wasm')
  await tf.ready()
  const times: Times = {}
  for (const definition of networks) {
    const network = createNetwork(definition, { tf })
    try {
      // A step on the JavaScript backend takes seconds where there are convolutions.
      for (let i = 0; i < (variant === 'cpu' ? 1 : settings.warmUp); i++) network.step().dispose()
      const steps: number[] = []
      const end = performance.now() + 1000 * settings.seconds
      do {
        const before = process.cpuUsage()
        network.step().dispose()
        const { user, system } = process.cpuUsage(before)
        steps.push((user + system) / 1000)
      } while (performance.now() < end)
      times[definition.name] = median(steps)
    } catch (error) {
      console.error(`${variant}: ${definition.name}: ${(error as Error).message}`)
    }
    network.dispose()
  }
  return times
}
