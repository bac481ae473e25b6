import type { Line, Polyline } from '../protocol.ts'
import { pack, unpack } from './pack.ts'

type LineHeader = Pick<Line, 'run' | 'axis' | 'total' | 'notFinite' | 'resumes'> & {
  readonly isSmooth: boolean
  readonly hasBand: boolean
}

export function packLines(lines: readonly Line[]): Uint8Array<ArrayBuffer> {
  const headers = lines.map(({ x: _x, y: _y, smooth, band, ...line }): LineHeader => ({
    ...line,
    isSmooth: smooth !== undefined,
    hasBand: band !== undefined,
  }))
  const drawn = lines.flatMap((line) => [
    line,
    ...(line.smooth ? [line.smooth] : []),
    ...(line.band ? [line.band.low, line.band.high] : []),
  ])
  return pack(
    headers,
    drawn.flatMap(({ x, y }) => [x, y]),
  )
}

export function unpackLines(buffer: ArrayBuffer): Line[] {
  const { header, arrays } = unpack(buffer)
  let next = 0
  const take = (): Polyline => ({ x: arrays[next++]!, y: arrays[next++]! })
  return (header as LineHeader[]).map(({ isSmooth, hasBand, ...line }) => ({
    ...line,
    ...take(),
    ...(isSmooth && { smooth: take() }),
    ...(hasBand && { band: { low: take(), high: take() } }),
  }))
}
