// Trains in the page: loads digits from the server, shows the loss as it falls, and then reads what is drawn with the mouse.
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { type Callback, Trainer } from '@trainyard/core'
import { loader } from '@trainyard/data'
import { useBackend } from '@trainyard/tfjs'
import { digitsModule } from './digits-module.ts'

const status = document.querySelector('#status') as HTMLElement
const answer = document.querySelector('#answer') as HTMLElement
const side = 28

/** Loads a set of digits: a byte a label, then the pixels. */
async function digits(set: 'train' | 'test') {
  const bytes = new Uint8Array(await (await fetch(`/${set}`)).arrayBuffer())
  const count = bytes.length / (side * side + 1)
  const pixels = Float32Array.from(bytes.subarray(count), (byte) => byte / 255)
  return {
    xs: { data: pixels, shape: [count, side, side, 1] },
    ys: Int32Array.from(bytes.subarray(0, count)),
  }
}

/** Draws the loss of every fifth step. */
class LossCurve implements Callback<'loss' | 'accuracy'> {
  readonly name = 'loss curve'
  readonly reads = ['loss', 'accuracy'] as const
  readonly stepEndEvery = 5
  readonly #losses: number[] = []
  readonly #canvas = document.querySelector('#curve') as HTMLCanvasElement

  onStepEnd({ step, metrics }: { step: number; metrics: ReadonlyMap<string, number> }) {
    this.#losses.push(metrics.get('loss')!)
    const share = (100 * metrics.get('accuracy')!).toFixed(0)
    status.textContent = `step ${step}: loss ${metrics.get('loss')!.toFixed(3)}, ${share} % of the batch right`
    const { width, height } = this.#canvas
    const pen = this.#canvas.getContext('2d')!
    pen.clearRect(0, 0, width, height)
    pen.strokeStyle = getComputedStyle(this.#canvas).color
    pen.lineWidth = 2
    pen.beginPath()
    for (const [i, loss] of this.#losses.entries())
      pen.lineTo((i / Math.max(1, this.#losses.length - 1)) * width, height * (1 - Math.min(loss, 2.5) / 2.5))
    pen.stroke()
  }
}

/** Lets a digit be drawn, and gives its pixels to `read` whenever a stroke ends. */
function drawingPad(read: (pixels: Float32Array) => void) {
  const pad = document.querySelector('#pad') as HTMLCanvasElement
  const pen = pad.getContext('2d', { willReadFrequently: true })!
  const clear = () => {
    pen.fillStyle = 'black'
    pen.fillRect(0, 0, side, side)
  }
  clear()
  pen.strokeStyle = 'white'
  pen.lineWidth = 2
  pen.lineCap = pen.lineJoin = 'round'
  const place = ({ offsetX, offsetY }: PointerEvent) =>
    [(offsetX / pad.clientWidth) * side, (offsetY / pad.clientHeight) * side] as const
  pad.addEventListener('pointerdown', (event) => {
    pad.setPointerCapture(event.pointerId)
    pen.beginPath()
    pen.moveTo(...place(event))
  })
  pad.addEventListener('pointermove', (event) => {
    if (event.buttons === 0) return
    pen.lineTo(...place(event))
    pen.stroke()
  })
  pad.addEventListener('pointerup', () => {
    const { data } = pen.getImageData(0, 0, side, side)
    read(Float32Array.from({ length: side * side }, (_, i) => data[4 * i]! / 255))
  })
  document.querySelector('#clear')!.addEventListener('click', () => {
    clear()
    answer.textContent = ''
  })
  ;(document.querySelector('#drawing') as HTMLElement).hidden = false
}

setWasmPaths('/')
await useBackend('wasm')
const [train, test] = await Promise.all([digits('train'), digits('test')])
const trainer = new Trainer({
  module: digitsModule(),
  data: loader(train, { batchSize: 32, shuffle: true }),
  maxEpochs: 1,
  callbacks: [new LossCurve()],
})
const { step } = await trainer.train()
const { accuracy } = await trainer.evaluate(loader(test, { batchSize: 100 }))
status.textContent = `${(100 * accuracy).toFixed(1)} % of ${test.ys.length.toLocaleString('en')} new digits right, after ${step} steps. Now draw one:`
document.body.dataset['accuracy'] = String(accuracy)

drawingPad(async (pixels) => {
  const [prediction] = await trainer.predict([{ xs: { data: pixels, shape: [1, side, side, 1] } }])
  const scores = [...(prediction as { data: Float32Array }).data]
  answer.textContent = String(scores.indexOf(Math.max(...scores)))
})
