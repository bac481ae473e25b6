// A program of a job: five epochs a run, or `EPOCHS`. It can be ended in the middle: at `LR:EPOCH` in `DIE_AT`, by the signal `DIE_BY`.
import { launch } from '@trainyard/launch'

const { DIE_AT, DIE_BY, EPOCHS = '5' } = process.env
const results = await launch<{ lr: number }, string>({}, async ({ config: { lr }, logger }) => {
  const checkpoint = await logger.loadCheckpoint<{ epoch: number }>()
  const first = checkpoint?.epoch ?? 0
  for (let epoch = first; epoch < Number(EPOCHS);) {
    logger.logMetrics({ epoch, lr }, 'train')
    await logger.logCheckpoint({ epoch: ++epoch })
    if (`${lr}:${epoch}` !== DIE_AT) continue
    process.kill(process.pid, DIE_BY as NodeJS.Signals)
    await new Promise(() => setInterval(() => {}, 1000))
  }
  return `${lr} from epoch ${first}`
})
console.log(JSON.stringify(results))
