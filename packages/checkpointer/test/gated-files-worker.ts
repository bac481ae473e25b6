// A file system that waits at a gate, or fails; a module of its own, so that a worker thread can load it.
import { failAt, intercept } from '@trainyard/testing'
import { type FileSystem, nodeFiles } from '../src/index.ts'

export interface GatedFilesOptions {
  /** No folder is made while this is 0. */
  gate?: Int32Array
  /** Fails while this is 1. */
  isFull?: Int32Array
  /** Nothing can be deleted while this is 1. */
  isBusy?: Int32Array
}

export function createFileSystem({ gate, isFull, isBusy }: GatedFilesOptions): FileSystem {
  const gated = intercept(nodeFiles, ({ name }, run) => {
    if (gate && name === 'mkdir') Atomics.wait(gate, 0, 0)
    return run()
  })
  const full = intercept(
    gated,
    failAt(({ name }) => name === 'open.write' && isFull?.[0] === 1, 'ENOSPC'),
  )
  return intercept(
    full,
    failAt(({ name }) => name === 'unlink' && isBusy?.[0] === 1, 'EBUSY'),
  )
}
