import type { Line, LinesRequest } from '../protocol.ts'
import type { LogColumns } from './log-columns.ts'
import { pointsOf } from './points.ts'
import { reduce } from './reduce.ts'
import { smooth } from './smooth.ts'

/** Makes a line of a chart from the columns of a metrics file. */
export function lineOf(run: string, columns: LogColumns, key: string, request: LinesRequest): Line {
  const { axis, x, y } = pointsOf(columns, key, request.axis)
  let notFinite = 0
  for (const value of y) if (!Number.isFinite(value)) notFinite++
  const weight = request.smoothing ?? 0
  return {
    run,
    axis,
    total: y.length,
    notFinite,
    ...reduce(x, y, request),
    ...(weight > 0 && { smooth: reduce(x, smooth(y, weight), request) }),
  }
}
