import { gunzipSync } from 'node:zlib'
import type { ReportHeader } from '../src/viewer/report-format.ts'
import { unpack } from '../src/viewer/series/pack.ts'

/** Takes the data out of the document of a report, as text. */
export function dataIn(html: string): string {
  return /<template id="trainyard-report">([^<]*)<\/template>/.exec(html)![1]!
}

/** Takes the data out of the document of a report. */
export function reportIn(html: string): { header: ReportHeader; arrays: Float64Array[] } {
  const { header, arrays } = unpack(Uint8Array.from(gunzipSync(Buffer.from(dataIn(html), 'base64'))).buffer)
  return { header: header as ReportHeader, arrays }
}
