import type { Line, LinesRequest } from '../protocol.ts'
import { meanLine } from './mean-line.ts'
import type { Points } from './points.ts'
import { reduce } from './reduce.ts'
import { smooth } from './smooth.ts'

/** Makes the line of a run. */
function lineOf(run: string, { axis, x, y, resumes }: Points, request: LinesRequest): Line {
  let notFinite = 0
  for (let i = 0; i < y.length; i++) if (!Number.isFinite(y[i])) notFinite++
  const weight = request.smoothing ?? 0
  return {
    run,
    axis,
    total: y.length,
    notFinite,
    ...(resumes && { resumes }),
    ...reduce(x, y, request),
    ...(weight > 0 && { smooth: reduce(x, smooth(y, weight), request) }),
  }
}

/** What is to be one line: a run, or a group of runs. */
export interface LinePlan {
  readonly runs: readonly string[]
  /** Makes the line of the points of those of the runs that have some. */
  make(points: readonly Points[]): Line
}

/** Says which lines a request is for. */
export function plansOf(request: LinesRequest): LinePlan[] {
  const { runs, groups = [] } = request
  return [
    ...runs.map((run): LinePlan => ({ runs: [run], make: ([points]) => lineOf(run, points!, request) })),
    ...groups.map(({ name, runs: members }): LinePlan => ({
      runs: members,
      make: (points) => meanLine(name, points, request),
    })),
  ]
}
