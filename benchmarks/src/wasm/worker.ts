// Trains every network in one way, `node worker.js <way> <seconds>`, and prints the median times of a step.
import { createRequire } from 'node:module'
import util from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { createNetwork, type NetworkDefinition, networks } from '@trainyard/testing'
import { adam, useBackend } from '@trainyard/tfjs'
import { median } from '../harness/timing.ts'
import type { Times } from './times.ts'

interface Training {
  step(): void
  dispose(): void
}

/** What starts a backend: as it comes, or as Trainyard does. */
const starts: Record<string, () => Promise<unknown>> = {
  async 'stock cpu'() {
    await tf.setBackend('cpu')
  },
  async 'stock wasm'() {
    await import('@tensorflow/tfjs-backend-wasm')
    await tf.setBackend('wasm')
  },
  async 'stock node'() {
    // Absent since Node 23.
    Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined })
    createRequire(import.meta.url)('@tensorflow/tfjs-node')
    await tf.setBackend('tensorflow')
  },
  wasm: () => useBackend('wasm', console.error),
  node: () => useBackend('node', console.error),
}

const [way, seconds] = process.argv.slice(2) as [string, string]
await starts[way]!()
await tf.ready()
const times: Times = {}
for (const network of networks) {
  const training = way.startsWith('stock') ? asItComes(network) : withOurOptimizer(network)
  try {
    times[network.name] = measure(training)
  } catch (error) {
    console.error(`${way} cannot train ${network.name}: ${(error as Error).message}`)
  }
  training.dispose()
}
console.log(JSON.stringify(times))

function asItComes(definition: NetworkDefinition): Training {
  const network = createNetwork(definition, { tf })
  return { step: () => network.step().dispose(), dispose: () => network.dispose() }
}

function withOurOptimizer(definition: NetworkDefinition): Training {
  const network = definition.build(tf, 'full')
  const variables = new Map(network.variables.map((variable) => [variable.name, variable]))
  const optimizer = adam({ learningRate: 1e-3 })
  let steps = 0
  return {
    step() {
      const { value, grads } = tf.variableGrads(() => network.loss(steps++), network.variables)
      optimizer.apply(new Map(Object.entries(grads)), variables)
      tf.dispose([value, ...Object.values(grads)])
    },
    dispose() {
      network.dispose()
      optimizer.dispose()
    },
  }
}

function measure({ step }: Training): Times[string] {
  // A step of a convolutional network takes seconds in JavaScript.
  for (let i = 0; i < (way === 'stock cpu' ? 1 : 3); i++) step()
  const cpu: number[] = []
  const wall: number[] = []
  const end = performance.now() + 1000 * Number(seconds)
  do {
    const before = process.cpuUsage()
    const begin = performance.now()
    step()
    wall.push(performance.now() - begin)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1000)
  } while (performance.now() < end)
  return { cpu: median(cpu), wall: median(wall) }
}
