// What TensorBoard must answer about the data of every-kind.mjs.
import assert from 'node:assert/strict'

const plugin = '/data/plugin'
const statuses = ['STATUS_UNKNOWN', 'STATUS_SUCCESS', 'STATUS_FAILURE', 'STATUS_RUNNING']

/** @throws if an answer is wrong. Gives the names of what was checked. */
export async function checkEveryKind({ get, until }) {
  const checks = { runs, scalars, histograms, images, audio, text, prCurves, layout, graph, hparams }
  const run = 'all'
  await until(
    'loading',
    () => get(`${plugin}/scalars/tags`),
    (tags) => tags.all?.far && tags['hparams/b']?.['val/accuracy'],
  )
  for (const [name, check] of Object.entries(checks))
    await check((route, query = {}, body) => get(`${plugin}/${route}`, { run, ...query }, body), get).catch(
      (error) => {
        throw new Error(`${name}: ${error.message}`, { cause: error })
      },
    )
  return Object.keys(checks)
}

async function runs(_ask, get) {
  const found = await get('/data/runs')
  for (const run of ['all', 'all/val', 'hparams/a', 'hparams/b'])
    assert(found.includes(run), `no run ${run} in ${found}`)
}

async function scalars(ask) {
  const values = async (tag, run = 'all') =>
    (await ask('scalars/scalars', { run, tag })).map(([, step, value]) => [step, value])
  const near = (rows, expected) =>
    assert.deepEqual(
      rows,
      expected.map(([step, value]) => [step, Math.fround(value)]),
    )
  const curve = (factor) => [1, 2, 3, 4, 5].map((step) => [step, factor / step])
  near(await values('loss'), curve(1))
  near(await values('loss', 'all/val'), curve(2))
  near(await values('both/train'), curve(1))
  near(await values('both/val'), curve(2))
  assert.deepEqual(await values('odd/not finite'), [
    [1, 'NaN'],
    [2, 'Infinity'],
    [3, '-Infinity'],
  ])
  for (const tag of ['with space', 'ünïcödé 🚂', 'a/b/c', 'untitled']) near(await values(tag), [[1, 1]])
  near(await values('far'), [[2 ** 40, 1]])
  const tags = await ask('scalars/tags')
  assert.match(tags.all.loss.description, /the <strong>loss<\/strong>/)
}

async function histograms(ask) {
  const [, , buckets] = (await ask('histograms/histograms', { tag: 'weights' })).at(-1)
  const count = buckets.reduce((sum, [, , number]) => sum + number, 0)
  assert(Math.abs(count - 1000) < 1e-6, `${count} values`)
  assert(
    buckets.every(([left, right]) => left <= right),
    'a bucket is the wrong way round',
  )
  assert(Math.abs(buckets[0][0] + 5) < 0.01 && Math.abs(buckets.at(-1)[1] - 5) < 0.01, 'wrong ends')
  const total = (list) => list.reduce((sum, [, , number]) => sum + number, 0)
  assert(
    Math.abs(total((await ask('histograms/histograms', { tag: 'constant' })).at(-1)[2]) - 3) < 1e-6,
    'constant',
  )
  assert(Math.abs(total((await ask('histograms/histograms', { tag: 'raw' })).at(-1)[2]) - 5) < 1e-6, 'raw')
  assert.equal((await ask('distributions/distributions', { tag: 'weights' })).length, 5)
}

async function images(ask, get) {
  const png = '89504e470d0a1a0a'
  for (const [tag, samples, width, height] of [
    ['image', 1, 6, 4],
    ['batch', 3, 4, 4],
  ]) {
    assert.equal((await ask('images/tags')).all[tag].samples, samples)
    for (let sample = 0; sample < samples; sample++) {
      const [found] = await ask('images/images', { tag, sample })
      const file = await get(
        `/data/plugin/images/individualImage`,
        Object.fromEntries(new URLSearchParams(found.query)),
      )
      assert.equal(file.subarray(0, 8).toString('hex'), png)
      assert.deepEqual([file.readUInt32BE(16), file.readUInt32BE(20)], [width, height])
    }
  }
}

async function audio(ask, get) {
  for (const [tag, samples] of [
    ['sound', 1],
    ['clips', 2],
  ])
    for (let sample = 0; sample < samples; sample++) {
      const [found] = await ask('audio/audio', { tag, sample })
      assert.equal(found.contentType, 'audio/wav')
      const file = await get(
        `/data/plugin/audio/individualAudio`,
        Object.fromEntries(new URLSearchParams(found.query)),
      )
      assert.equal(file.toString('latin1', 8, 12), 'WAVE')
      assert.equal(file.readUInt32LE(24), 8000)
    }
}

async function text(ask) {
  const [note] = await ask('text/text', { tag: 'note' })
  assert.match(note.text, /some <strong>bold<\/strong> text/)
  const [table] = await ask('text/text', { tag: 'table' })
  assert.match(table.text, /<table>[^]*<td[^>]*>[^]*lr[^]*0\.1/)
}

async function prCurves(ask) {
  const [curve] = (await ask('pr_curves/pr_curves', { tag: 'pr' })).all
  // Of the 200 thresholds it shows those that a prediction, 0.9 at most, comes up to.
  assert.equal(curve.precision.length, 180)
  assert.equal(Math.max(...curve.true_positives), 2)
  assert.equal(Math.max(...curve.recall), 1)
}

async function layout(ask) {
  const { category } = await ask('custom_scalars/layout')
  assert.deepEqual(category[0].chart[0].multiline.tag, ['both/train$', 'both/val$'])
  const lines = await ask('custom_scalars/scalars', { tag: 'both/train$' })
  assert.deepEqual(Object.keys(lines.tag_to_events), ['both/train'])
}

async function graph(ask) {
  const found = String(await ask('graphs/graph', { conceptual: 'false' }))
  for (const part of ['net/input', 'net/hidden', 'net/head/out', 'op: "Dense"', 'relu', '_output_shapes'])
    assert(found.includes(part), `no ${part} in the graph`)
}

async function hparams(ask) {
  const experiment = await ask('hparams/experiment', {}, { experimentName: '' })
  const names = experiment.hparamInfos
    .map(({ name, type }) => `${name} ${type.replace('DATA_TYPE_', '')}`)
    .toSorted()
  assert.deepEqual(names, ['lr FLOAT64', 'nesterov BOOL', 'optimizer STRING'])
  const { sessionGroups } = await ask(
    'hparams/session_groups',
    {},
    {
      experimentName: '',
      allowedStatuses: statuses,
      colParams: [{ metric: { tag: 'val/accuracy', group: '' } }, { hparam: 'lr' }],
      aggregationType: 'AGGREGATION_AVG',
      startIndex: 0,
      sliceSize: 10,
    },
  )
  const rows = sessionGroups
    .map(({ hparams: values, sessions, metricValues }) => ({
      lr: values.lr,
      nesterov: values.nesterov,
      status: sessions[0].status,
      accuracy: metricValues.find(({ name }) => name.tag === 'val/accuracy')?.value,
    }))
    .toSorted((a, b) => b.lr - a.lr)
  assert.deepEqual(rows, [
    { lr: 0.1, nesterov: true, status: 'STATUS_SUCCESS', accuracy: Math.fround(0.9) },
    { lr: 0.01, nesterov: false, status: 'STATUS_UNKNOWN', accuracy: Math.fround(0.99) },
  ])
}
