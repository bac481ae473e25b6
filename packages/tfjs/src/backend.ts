import * as tf from '@tensorflow/tfjs'
import { registerGradients, registerTrainingKernels } from '@trainyard/tfjs-wasm'
import { fail } from './errors.ts'
import { repairWebgpuCast } from './webgpu-cast.ts'

/** What can compute; `auto` is the best of them that is installed, `webgpu` left out. */
export type BackendName = 'auto' | 'node-gpu' | 'node' | 'webgpu' | 'wasm' | 'cpu'

type Name = Exclude<BackendName, 'auto'>

interface Backend {
  /** What the log line says of it. */
  readonly about: string
  /** What has to be installed for it, beside TensorFlow.js. */
  readonly packages: readonly string[]
  start(): Promise<void>
}

const backends: Readonly<Record<Name, Backend>> = {
  'node-gpu': {
    about: 'native TensorFlow on a CUDA GPU',
    packages: ['@tensorflow/tfjs-node-gpu@4.22.0'],
    start: () => startNative('@tensorflow/tfjs-node-gpu'),
  },
  node: {
    about: 'native TensorFlow on the CPU',
    packages: ['@tensorflow/tfjs-node@4.22.0'],
    start: () => startNative('@tensorflow/tfjs-node'),
  },
  webgpu: {
    about: 'WebGPU; numbers are read asynchronously',
    packages: ['@tensorflow/tfjs-backend-webgpu@4.22.0', 'webgpu'],
    start: startWebgpu,
  },
  wasm: {
    about: 'WebAssembly with SIMD, one thread',
    packages: ['@tensorflow/tfjs-backend-wasm@4.22.0'],
    async start() {
      await registerTrainingKernels()
      await start('wasm')
    },
  },
  cpu: {
    about: 'plain JavaScript, for reference: 10 to 150 times slower than wasm',
    packages: [],
    async start() {
      await start('cpu')
      // At its first use the backend advertises a native one on the console.
      ;(tf.backend() as { firstUse?: boolean }).firstUse = false
    },
  },
}

/** In the order in which `auto` tries them. */
const automatic = ['node-gpu', 'node', 'wasm', 'cpu'] as const

/**
 * Chooses what computes, and says in one line what it took and why. `auto` takes the best that is installed: native TensorFlow on a GPU, on the CPU, `wasm`,
 * `cpu`. `webgpu` is taken on request alone.
 * @param log Where the line goes. Default: the console; of several ranks that `mpi()` has brought together before, only the first one prints it.
 * @returns The name of the backend that was taken.
 * @throws on an unknown name, or if the backend cannot be started, with what to install.
 */
export async function useBackend(
  name: BackendName = 'auto',
  log: (line: string) => void = onFirstRank,
): Promise<Exclude<BackendName, 'auto'>> {
  if (name !== 'auto' && !(name in backends))
    fail(`\`useBackend\` knows auto, ${Object.keys(backends).join(', ')}, not ${String(name)}`)
  if (name !== 'auto') {
    await startBackend(name).catch((cause: unknown) => {
      fail(`the backend "${name}" cannot be used: ${why(name, cause)}`, cause)
    })
    log(`[tfjs] backend ${name}: ${backends[name].about}`)
    return name
  }
  const passedOver: string[] = []
  for (const candidate of automatic) {
    try {
      await startBackend(candidate)
    } catch (cause) {
      passedOver.push(
        isMissing(cause) ? `${candidate} is not installed` : `${candidate}: ${why(candidate, cause)}`,
      )
      continue
    }
    log(
      `[tfjs] backend ${candidate}: ${backends[candidate].about}${passedOver.length > 0 ? ` (${passedOver.join('; ')})` : ''}`,
    )
    return candidate
  }
  fail(`no backend can be used: ${passedOver.join('; ')}`)
}

/** `mpi()` leaves the number of the rank here, for what has to be said once a job. */
const rankKey = Symbol.for('trainyard.globalRank')

function onFirstRank(line: string): void {
  if (!(globalThis as { [rankKey]?: number })[rankKey]) console.info(line)
}

async function startBackend(name: Name): Promise<void> {
  await backends[name].start()
  // After the start: a backend that brought a TensorFlow.js of its own would have put the old ones back.
  registerGradients()
}

async function start(backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js could not start "${backend}"`)
  await tf.ready()
}

/** Loads a package that may be there or not; its name is no literal, so that no bundler looks for it. */
function optional(name: string): Promise<unknown> {
  return import(/* @vite-ignore */ name)
}

async function startNative(name: string): Promise<void> {
  // tfjs-node 4.22.0 calls a function of node:util that Node 23 removed (tensorflow/tfjs#8609).
  const { default: util } = (await optional('node:util')) as {
    default: { isNullOrUndefined?: (value: unknown) => boolean }
  }
  util.isNullOrUndefined ??= (value) => value === null || value === undefined
  await optional(name)
  await start('tensorflow')
}

interface Gpu {
  requestAdapter(): Promise<object | null>
}

async function startWebgpu(): Promise<void> {
  const host = globalThis as { navigator?: { gpu?: Gpu } }
  if (!host.navigator?.gpu) {
    const { create, globals } = (await optional('webgpu')) as {
      create(options: string[]): Gpu
      globals: object
    }
    Object.assign(globalThis, globals)
    // Node 21 and later have a navigator that can only be replaced by definition.
    Object.defineProperty(globalThis, 'navigator', {
      value: { gpu: create([]), userAgent: 'node' },
      configurable: true,
    })
  }
  // Without a device TensorFlow.js says no more than that it could not read a property of null.
  if (!(await host.navigator!.gpu!.requestAdapter()))
    throw new Error('there is no device; it needs a GPU with a driver for Vulkan, Metal or Direct3D 12')
  // In a browser the program has to import it: there a name cannot be looked up.
  if (!tf.findBackendFactory('webgpu')) await optional('@tensorflow/tfjs-backend-webgpu')
  await start('webgpu')
  repairWebgpuCast()
}

function isMissing(cause: unknown): boolean {
  return ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes((cause as { code?: string }).code ?? '')
}

function why(name: Name, cause: unknown): string {
  if (isMissing(cause)) return `it is not installed; npm install ${backends[name].packages.join(' ')}`
  const [line] = (cause as Error).message.split('\n')
  if (line!.includes('tfjs_binding.node'))
    return 'its native part is not built; docs/backends.md of Trainyard says how to'
  return line!
}

/** Whether the backend in use can be read synchronously at no cost. */
export function readsSynchronously(): boolean {
  return ['cpu', 'wasm', 'tensorflow'].includes(tf.getBackend())
}
