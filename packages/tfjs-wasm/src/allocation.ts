/* oxlint-disable no-underscore-dangle -- The compiler that made the module put them there. */
import type { WasmModule } from './backend.ts'

const guarded = new WeakSet<WasmModule>()

/**
 * Makes a failed allocation an error.
 *
 * The backend takes what its allocator returns for an address. When there is no more memory that is 0, and the
 * new tensor's values go to the start of the memory, over other data. With the guard nothing has happened yet
 * when the error is thrown: all tensors keep their values, and once some are disposed the backend works on.
 */
export function guardAllocation(module: WasmModule): void {
  if (guarded.has(module)) return
  guarded.add(module)
  // The first call of an export replaces it by the real function; that must not replace ours.
  module._free(module._malloc(1))
  const allocate = module._malloc
  module._malloc = (bytes) => {
    const address = allocate(bytes)
    if (address === 0 && bytes > 0) throw outOfMemory(bytes, module.HEAPU8.byteLength)
    return address
  }
}

function outOfMemory(bytes: number, heap: number): Error {
  return new Error(
    `[tfjs-wasm] cannot allocate ${bytes} bytes: the heap of the WASM backend has ${heap} bytes and cannot grow ` +
      'enough (it ends at 4 GiB, and holes between tensors are too small). Dispose tensors, or use smaller batches',
  )
}
