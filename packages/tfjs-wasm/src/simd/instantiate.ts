import type { LinearMemory } from '../backend.ts'
import { assemble } from './assembler.ts'
import { definitions, type Loops } from './loops.ts'

/** What is used of WebAssembly, which is in every runtime but in no library of types without the DOM. */
interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

/**
 * Makes the loops work on a memory.
 * @throws if the runtime has no WebAssembly SIMD; browsers have had it since 2023, Node since 16.
 */
export function instantiateLoops(memory: LinearMemory): Loops {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi }
  const shared = typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer
  const bytes = assemble(definitions, shared)
  if (!WebAssembly.validate(bytes))
    throw new Error('[tfjs-wasm] this runtime has no WebAssembly SIMD, which the kernels are written with')
  const module = new WebAssembly.Module(bytes)
  return new WebAssembly.Instance(module, { env: { memory } }).exports as Loops
}
