// A file system that kills the process; a module of its own, so that a worker thread can load it.
import { intercept, killAt } from '@trainyard/testing'
import { type FileSystem, nodeFiles } from '../src/index.ts'

export function createFileSystem({ at }: { at: number }): FileSystem {
  return intercept(nodeFiles, killAt(at))
}
