// Folders of runs for the checks of the viewer, written as a logger leaves them.
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { deflateSync } from 'node:zlib'

function write(text, ...path) {
  mkdirSync(dirname(join(...path)), { recursive: true })
  writeFileSync(join(...path), text)
}

/** Writes a run; `row` gives what stands in each line of its metrics. */
export function writeRun(logs, id, { status = 'COMPLETE', lines = 300, row, config = {} } = {}) {
  const start = Date.parse('2026-11-20T10:00:00Z') + id * 60_000
  const info = {
    executable: '/usr/bin/node',
    current_file_path: '/home/ada/mnist/train.js',
    work_dir: '/home/ada/mnist',
    hostname: id === 24 ? 'gpu18' : 'gpu17',
    user: 'ada',
    arguments: ['optimizer.lr=0.1'],
    log_id: id,
    status,
    started_at: new Date(start).toISOString(),
    ...(status !== 'RUNNING' && { ended_at: new Date(start + 754_000).toISOString() }),
    ...(status === 'FAILED' && { error: 'Error: the loss is NaN\n    at train.js:12' }),
  }
  const all = {
    seed: id % 5,
    num_epoch: 10,
    model: { num_units: 64 * (1 + (id % 3)), activation: 'relu' },
    optimizer: { name: 'adam', lr: 10 ** -(1 + (id % 4)) },
    ...config,
  }
  const folder = join(logs, String(id))
  write(JSON.stringify(all), folder, 'metadata/config.yaml')
  write(JSON.stringify(info), folder, 'metadata/info.yaml')
  let text = ''
  for (let step = 1; step <= lines; step++) text += (row ?? defaultRow)(step, id)
  write(text, folder, 'metrics/train.json')
  return folder
}

/** A loss that falls, with noise and a spike; an accuracy; a rate. */
function defaultRow(step, id) {
  const noise = Math.sin(step * 12.9898 + id * 78.233) * 0.05
  const spike = step === 150 + id ? 3 : 0
  const loss = 2 * Math.exp(-step / (80 + 10 * (id % 7))) + Math.abs(noise) + spike + 0.01
  const accuracy = 1 - Math.exp(-step / 60) * 0.9 + noise / 10
  return `{"step": ${step}, "epoch": ${Math.floor(step / 100)}, "time": ${1.7e9 + step * 0.5}, "loss": ${loss}, "accuracy": ${accuracy}, "grad_norm": ${Math.sqrt(loss)}, "learning_rate": 0.001}\n`
}

/** Writes a folder with all that the pages show. */
export function writeSample(logs) {
  for (let id = 1; id <= 24; id++) writeRun(logs, id, { status: id === 23 ? 'FAILED' : 'COMPLETE' })
  // It went back to a checkpoint.
  for (let step = 250; step <= 300; step++)
    appendFileSync(join(logs, '22/metrics/train.json'), defaultRow(step, 22))
  const folder = writeRun(logs, 25, { config: { note: 'x'.repeat(200) } })
  write('epoch 1: loss 0.5\n\u001b[32mepoch 2: loss 0.3\u001b[0m\n'.repeat(40), folder, 'log.stdout')
  write(
    JSON.stringify({ tags: ['best', 'a-rather-long-tag'], notes: 'the one to keep' }),
    folder,
    'metadata/meta.yaml',
  )
  write(JSON.stringify({ confusion: [[1, 2]] }), folder, 'artifacts/JSON/confusion.json')
  mkdirSync(join(folder, 'artifacts/Image'), { recursive: true })
  writeFileSync(join(folder, 'artifacts/Image/sample.png'), picture(64, 64))
  write('{"step": 1, "loss": 1}\ntorn{', logs, '26/metrics/train.json')
  write('{}', logs, '26/metadata/config.yaml')
  write('{"status": "COMPLETE"}', logs, '26/metadata/info.yaml')
  return folder
}

/** Writes images and histograms that change with the step, as TensorBoard has them. */
export function writeEvents(folder, SummaryWriter) {
  const writer = new SummaryWriter(join(folder, 'tensorboard'))
  for (let step = 0; step <= 50; step += 10) {
    const pixels = Array.from({ length: 16 }, (_, y) =>
      Array.from({ length: 16 }, (__, x) => ((x * y + step) % 50) / 50),
    )
    writer.addImage('digits', pixels, step, { dataformats: 'HW' })
    const weights = Array.from({ length: 500 }, (_, i) => Math.sin(i * 12.9898) * (1 + step / 10))
    writer.addHistogram('weights/dense', weights, step)
  }
  writer.close()
}

/** Makes a PNG with a gradient. */
function picture(width, height) {
  const rows = Buffer.alloc((1 + width) * height)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rows[y * (1 + width) + 1 + x] = (x * y) % 256
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 0, 0, 0, 0], 8)
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const out = Buffer.alloc(body.length + 8)
    out.writeUInt32BE(data.length, 0)
    body.copy(out, 4)
    out.writeUInt32BE(crc(body), out.length - 4)
    return out
  }
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function crc(bytes) {
  let sum = 0xffffffff
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1
  }
  return (sum ^ 0xffffffff) >>> 0
}
