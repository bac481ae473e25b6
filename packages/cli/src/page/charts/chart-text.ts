import type { Line } from '../../viewer/protocol.ts'
import { countText, numberText, wholeText } from '../format.ts'

/** Says how many points are drawn, and of how many. */
export function pointsText(lines: readonly Line[]): string {
  const drawn = lines.reduce((sum, { x }) => sum + x.length, 0)
  const total = lines.reduce((sum, line) => sum + line.total, 0)
  if (lines.some(({ band }) => band)) return `means of ${countText(total, 'point')}`
  if (total <= drawn) return countText(total, 'point')
  return `${wholeText(drawn)} of ${countText(total, 'point')}, least and greatest kept`
}

/** Says in words what the lines show. */
export function summaryOf(lines: readonly Line[], axis: string): string {
  let least: { run: string; x: number; y: number } | undefined
  let greatest: typeof least
  let notFinite = 0
  const isGroups = lines.some(({ band }) => band)
  const noun = isGroups ? 'group' : 'run'
  for (const { run, x, y, notFinite: bad } of lines) {
    notFinite += bad
    for (let i = 0; i < y.length; i++) {
      if (!Number.isFinite(y[i]!)) continue
      if (!least || y[i]! < least.y) least = { run, x: x[i]!, y: y[i]! }
      if (!greatest || y[i]! > greatest.y) greatest = { run, x: x[i]!, y: y[i]! }
    }
  }
  if (!least || !greatest) return lines.length === 0 ? 'No run that is shown has it.' : 'No finite value.'
  const unit = axis === 'time' ? 'second' : axis
  const text = (at: typeof least): string =>
    `${numberText(at.y)} (${noun} ${at.run}, ${unit} ${numberText(at.x)})`
  const last = lines.length === 1 ? `last ${numberText(lines[0]!.y.at(-1)!)}, ` : ''
  const others = axis === 'row' ? [] : lines.filter((line) => line.axis === 'row').map(({ run }) => run)
  const rest =
    others.length > 0 ? `; without ${axis}, so drawn over rows: ${others.slice(0, 5).join(', ')}` : ''
  const resumes = lines.flatMap(({ run, resumes: all = [] }) =>
    all.map((at) => `run ${run} at ${unit} ${numberText(at)}`),
  )
  const resumed = resumes.length > 0 ? `; resumed: ${resumes.slice(0, 5).join(', ')}` : ''
  const bad = notFinite > 0 ? `, ${countText(notFinite, 'value')} not finite` : ''
  return `${countText(lines.length, noun)}${isGroups ? ', the means' : ''}: ${last}least ${text(least)}, greatest ${text(greatest)}${bad}${resumed}${rest}`
}
