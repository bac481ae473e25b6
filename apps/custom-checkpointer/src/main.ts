// A checkpointer of one's own: it saves to a key-value store (LevelDB) rather than to files, every fifth epoch, and goes on from the last one. A checkpoint is
// one batch of the store: it is there whole or not at all. Run it with `npx -y pnpm start custom-checkpointer`, as often as you like.
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { AbstractCheckpointer, decodeTree, encodeTree } from '@trainyard/checkpointer'
import { type Checkpoint, type ModuleState, type StateTree, Trainer } from '@trainyard/core'
import { loader } from '@trainyard/data'
import { SimpleLogger } from '@trainyard/simple-logger'
import { adam, layersModule, meanSquaredError, useBackend, withRandom } from '@trainyard/tfjs'
import { Level } from 'level'

// The command line
const options = { epochs: { type: 'string', default: '20' } } as const
const { values, positionals } = parseArgs({ options, strict: false, allowPositionals: true })
const { epochs, help, ...others } = values
const maxEpochs = Number(String(epochs))
const [unknown] = [...Object.keys(others).map((word) => `--${word}`), ...positionals]
if (help || unknown || !(Number.isInteger(maxEpochs) && maxEpochs > 0)) {
  if (unknown) console.error(`There is no option ${unknown}.`)
  else if (!help) console.error(`--epochs must be a whole number above 0, not ${epochs}.`)
  console[help ? 'log' : 'error']('Usage: npx -y pnpm start custom-checkpointer [--epochs 20]')
  process.exit(help ? 0 : 2)
}

interface KeyValueArguments {
  /** The folder of the store. */
  readonly location: string
  /** Saves after every so many epochs, and at the end. */
  readonly period: number
}

const arrays = { Float32Array, Float64Array, Int32Array, Uint8Array }

/** A run may be stopped in the middle of an epoch, so it is the steps that tell checkpoints apart. */
const stepOf = ({ trainer }: Checkpoint): number => Number(trainer?.['step'])

class KeyValueCheckpointer extends AbstractCheckpointer {
  readonly #store: Level<string, Uint8Array>
  readonly #period: number
  /** The step of the newest checkpoint in the store. */
  #saved = -1

  constructor({ location, period }: KeyValueArguments) {
    super()
    this.#store = new Level(location, { valueEncoding: 'view' })
    this.#period = period
  }

  /** The trainer calls it after every epoch, and once more at the end with `force`; when to save is decided here. */
  override async save(checkpoint: Checkpoint, index: number, force = false) {
    const step = stepOf(checkpoint)
    if (step === this.#saved || (!force && index % this.#period !== 0)) return
    await this.#put('checkpoint', checkpoint, index)
    this.#saved = step
    console.log(`saved step ${step}, after epoch ${index}`)
  }

  /** The trainer calls it at the end. */
  override async saveModel(state: ModuleState, index: number) {
    await this.#put('model', state, index)
  }

  /** The trainer calls it first. */
  override async load(): Promise<Checkpoint> {
    const stored = new Map(await this.#store.iterator({ gte: 'checkpoint/', lt: 'checkpoint0' }).all())
    const json = stored.get('checkpoint/tree')
    if (!json) return {}
    const tree: unknown = JSON.parse(Buffer.from(json).toString())
    const checkpoint = decodeTree(tree, ({ $tensor: kind, in: key }) => {
      const bytes = stored.get(key)!.slice()
      return new arrays[kind as keyof typeof arrays](bytes.buffer)
    }) as Checkpoint
    this.#saved = stepOf(checkpoint)
    return checkpoint
  }

  /** Puts a state in the place of the one before it, in one step: the tree as JSON, each typed array under a key of its own. */
  async #put(name: string, state: StateTree | Checkpoint, index: number) {
    const batch = this.#store.batch()
    const tree = encodeTree(state, (array, path) => {
      const key = [name, ...path].join('/')
      batch.put(key, new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
      return { $tensor: array.constructor.name, in: key }
    })
    batch.put(`${name}/tree`, Buffer.from(JSON.stringify(tree)))
    batch.put(`${name}/index`, Buffer.from(String(index)))
    await batch.write({ sync: true })
  }

  async close() {
    await this.#store.close()
  }
}

// It learns the sine, from a thousand points.
await useBackend('wasm')
const model = withRandom({ seed: 1 }, () =>
  tf.sequential({
    layers: [
      tf.layers.dense({ units: 32, activation: 'tanh', inputShape: [1] }),
      tf.layers.dense({ units: 1 }),
    ],
  }),
)
const xs = { data: Float32Array.from({ length: 1000 }, (_, i) => i / 500 - 1), shape: [1000, 1] }
const ys = { data: xs.data.map((x) => Math.sin(Math.PI * x)), shape: [1000, 1] }

/** A trainer whose checkpoints have something of its own: what the program was told. */
class MyTrainer extends Trainer<{ xs: typeof xs; ys: typeof ys }> {
  override async getState(): Promise<Checkpoint> {
    return { ...(await super.getState()), settings: { maxEpochs } }
  }
}

const location = 'runs/custom-checkpointer'
const checkpointer = new KeyValueCheckpointer({ location, period: 5 })
const trainer = new MyTrainer({
  module: layersModule({ model, loss: meanSquaredError, optimizer: adam({ learningRate: 0.01 }) }),
  data: loader({ xs, ys }, { batchSize: 50, shuffle: true, seed: 1 }),
  maxEpochs,
  checkpointer,
  callbacks: [
    new SimpleLogger({ stepFreq: 100, logEpochs: false }),
    { name: 'start', onResume: (state) => console.log(`Going on after step ${state.step}`) },
  ],
})
const { reason, epoch } = await trainer.train()
await checkpointer.close()

if (reason === 'signal') console.log('Stopped. The same command goes on from here.')
else
  console.log(`
${epoch} epochs are done, and saved in ${location}. Started again, it is over.

What next?
  npx -y pnpm start custom-checkpointer --epochs ${epoch + 10}     goes on for ten epochs more
  apps/custom-checkpointer/src/main.ts                  this program, one file: give it another store`)
