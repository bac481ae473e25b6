import { bundleProgram } from '../../scripts/bundle-program.mjs'

/** Checks a backend in a process of its own, with the TensorFlow.js of a folder. */
export async function checkInNode(backend, folder, { run, log }, env) {
  const program = await bundleProgram('interop/conformance/node-program.mjs', folder)
  const { stdout } = await run(process.execPath, [program, backend], {
    cwd: folder,
    env,
    seconds: 1200,
    onLine: log,
  })
  return outcome(JSON.parse(stdout.split('\n').findLast(Boolean)))
}

/** Makes the outcome of a check out of what `check` gave. */
export function outcome({ ok, note, problems }) {
  return { ok, note: [note, ...problems].join('\n') }
}
