// Logs in a process of its own, and ends in the way that it is told: `node exit-worker.mjs <directory> <way>`.
import fs from 'node:fs'
import { type FileSystem, SummaryWriter } from '../src/index.ts'

const [logDir, way] = process.argv.slice(2)
/** A disk that takes a file's beginning, and of what comes next only a part. */
const full: FileSystem = {
  ...fs,
  writeSync: ((fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
    if (position > 1000) throw new Error('ENOSPC: no space left on device, write')
    return fs.writeSync(fd, bytes, offset, Math.min(length, 100), position)
  }) as FileSystem['writeSync'],
}
const host = way === 'full' ? { fs: full } : {}
const writer = new SummaryWriter(logDir, { flushSecs: 1000, host })
for (let step = 1; step <= 100; step++) writer.addScalar(`loss ${way}`, step, step)
writer.sub('val').addScalar(`loss ${way}`, 1, 1)
if (way === 'exit') process.exit(3)
if (way === 'throw') throw new Error('oh no')
if (way === 'reject') void Promise.reject(new Error('oh no'))
