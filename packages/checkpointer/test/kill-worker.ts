// Saves checkpoints until it is killed: `node kill-worker.mjs <way> <folder> <module of the file system> <operation to be killed at>`. Tells how far it
// has come, line by line. One that waits is not killed at the operation, but never gets beyond it.
import { writeSync } from 'node:fs'
import { intercept } from '@trainyard/testing'
import { createSaver, nodeFiles } from '../src/index.ts'
import { bySaver, type Place, stepByStep } from './life-of-a-folder.ts'
import { stateAt } from './states.ts'

const [way, folder, module, at] = process.argv.slice(2) as [string, string, string, string]
const options = { at: Number(at) }
const { createFileSystem } = (await import(module)) as typeof import('./killing-files-worker.ts')
const files = createFileSystem(options)
const place: Place = { files, folder, report: (news) => void writeSync(1, `${JSON.stringify(news)}\n`) }

if (way === 'step by step') await stepByStep(place)
else if (way === 'waits') {
  setInterval(() => {}, 1000)
  const waiting = intercept(nodeFiles, ({ index }, run) => {
    if (index !== options.at) return run()
    place.report({})
    return new Promise(() => {})
  })
  await stepByStep({ ...place, files: waiting })
} else {
  const saver = createSaver({ async: true, files: { module, options } })
  if (way.endsWith('leaves'))
    await saver.save({ path: `${folder}/step=1`, checkpoint: stateAt(1), link: 'last' })
  else {
    await bySaver(place, saver)
    await saver.close()
  }
}
