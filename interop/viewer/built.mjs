// The packages as users get them.
export { startViewer, writeReport } from '../../packages/cli/dist/index.js'
export { openRuns } from '../../packages/run-folder/dist/index.js'
export { SummaryWriter } from '../../packages/tensorboard-plugin-writer/dist/index.js'
