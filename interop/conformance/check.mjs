// What native TensorFlow and WebGPU have to pass: the table of operations, and the losses of the seven
// networks, against the JavaScript backend.
import * as tf from '@tensorflow/tfjs'
import { checkBackend, formatTable, networks, trainingLosses } from '@trainyard/testing'

/**
 * Checks a backend that is running. Gives a line about it, and what is wrong.
 * @param exceptions What is known to fail, as for `checkBackend`.
 */
export async function check(backend, exceptions, log) {
  // Else the JavaScript backend would compute what is small.
  if (backend === 'webgpu') tf.env().set('WEBGPU_CPU_FORWARD', false)
  const problems = []
  let done = 0
  const report = await checkBackend({
    tf,
    backend,
    exceptions,
    elements: 2,
    onResult: () => ++done % 500 === 0 && log(`${done} results`),
  })
  const failing = new Set(report.failures.map(({ op }) => op))
  if (failing.size > 0) problems.push(formatTable(report.results.filter(({ op }) => failing.has(op))))
  problems.push(...report.staleExceptions)

  for (const network of networks) {
    const expected = await losses('cpu', network)
    const actual = await losses(backend, network)
    const off = Math.max(...actual.map((loss, step) => Math.abs(loss / expected[step] - 1)))
    log(`${network.name}: losses differ by ${off.toExponential(1)}`)
    // Not below, so that NaN is a failure.
    if (!(off < 1e-4))
      problems.push(`${network.name}: losses ${actual.join(', ')} instead of ${expected.join(', ')}`)
  }
  const { ok } = report.summary
  const permitted = report.results.filter((result) => result.permitted).length
  const note = `${ok} of ${report.results.length} results right, ${permitted} permitted, ${networks.length} networks`
  return { ok: problems.length === 0, note, problems }
}

async function losses(backend, network) {
  await tf.setBackend(backend)
  await tf.ready()
  return trainingLosses(network, { tf, size: 'small', steps: 7, optimizer: () => tf.train.adam(0.01) })
}
