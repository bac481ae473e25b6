import type { Line } from '../protocol.ts'
import { pack, unpack } from './pack.ts'

type LineHeader = Pick<Line, 'run' | 'axis' | 'total' | 'notFinite'> & { readonly isSmooth: boolean }

export function packLines(lines: readonly Line[]): Uint8Array<ArrayBuffer> {
  const headers = lines.map(({ run, axis, total, notFinite, smooth }): LineHeader => ({
    run,
    axis,
    total,
    notFinite,
    isSmooth: smooth !== undefined,
  }))
  const arrays = lines.flatMap(({ x, y, smooth }) => [x, y, ...(smooth ? [smooth.x, smooth.y] : [])])
  return pack(headers, arrays)
}

export function unpackLines(buffer: ArrayBuffer): Line[] {
  const { header, arrays } = unpack(buffer)
  let next = 0
  const take = (): Float64Array => arrays[next++]!
  return (header as LineHeader[]).map(({ isSmooth, ...line }) => ({
    ...line,
    x: take(),
    y: take(),
    ...(isSmooth && { smooth: { x: take(), y: take() } }),
  }))
}
