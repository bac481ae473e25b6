// Checks Trainyard against other programs, where they are there: `pnpm interop [name…]`.
//
// A check is a file in interop/ that exports `name` and `run(context)`, which gives `{ ok, note }` or
// `{ skipped: <reason> }`; what it throws is a failure. The context is in interop-context.mjs. The exit code
// is 1 only if a check failed.
import { readdirSync } from 'node:fs'
import { contextOf } from './interop-context.mjs'

const names = readdirSync(new URL('../interop', import.meta.url))
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.slice(0, -'.mjs'.length))

const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  console.error(`There is no check "${unknown.join('", "')}". There are: ${names.join(', ')}`)
  process.exit(1)
}

const counts = { ok: 0, failed: 0, skipped: 0 }
for (const file of chosen.length > 0 ? chosen : names) {
  const begin = performance.now()
  const check = await import(`../interop/${file}.mjs`)
  const result = await check.run(contextOf(file)).catch((error) => ({ ok: false, note: error.message }))
  const seconds = `${Math.round((performance.now() - begin) / 1000)} s`
  const outcome = result.skipped ? 'skipped' : result.ok ? 'ok' : 'failed'
  counts[outcome]++
  console.log(
    `${check.name}: ${outcome}${result.skipped ? `: ${result.skipped}` : ` (${seconds}): ${result.note}`}`,
  )
}
console.log(`interop: ${counts.ok} ok, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exit(counts.failed > 0 ? 1 : 0)
