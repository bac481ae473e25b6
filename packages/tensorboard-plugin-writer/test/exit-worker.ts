// Logs in a process of its own, and ends in the way that it is told: `node exit-worker.mjs <directory> <way>`.
import { SummaryWriter } from '../src/index.ts'

const [logDir, way] = process.argv.slice(2)
const writer = new SummaryWriter(logDir, { flushSecs: 1000 })
for (let step = 1; step <= 100; step++) writer.addScalar(`loss ${way}`, step, step)
writer.sub('val').addScalar(`loss ${way}`, 1, 1)
if (way === 'exit') process.exit(3)
if (way === 'throw') throw new Error('oh no')
if (way === 'reject') void Promise.reject(new Error('oh no'))
