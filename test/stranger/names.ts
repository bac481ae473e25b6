// What the compiler has to refuse in a stranger's project, too.
import * as tf from '@tensorflow/tfjs'
import { EarlyStopping, Trainer } from '@trainyard/core'
import { SimpleLogger } from '@trainyard/simple-logger'
import { adam, layersModule, meanSquaredError } from '@trainyard/tfjs'

const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] })
const module = layersModule({ model, loss: meanSquaredError, optimizer: adam({ learningRate: 0.1 }) })
const options = { module, data: [{ xs: [[0]], ys: [[1]] }], maxSteps: 1 }

new Trainer({ ...options, callbacks: [new EarlyStopping({ monitor: 'val_loss' })] })
// @ts-expect-error no output "lss"
new Trainer({ ...options, callbacks: [new SimpleLogger({ tensorsToLog: ['lss'] })] })
// @ts-expect-error no metric "val_los"
new Trainer({ ...options, callbacks: [new EarlyStopping({ monitor: 'val_los' })] })
// @ts-expect-error no event "onStepEnds"
new Trainer({ ...options, callbacks: [{ onStepEnds() {} }] })
