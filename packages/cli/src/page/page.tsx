// The page of `trainyard ui`, and of a report: then its data is in the document.
import { render } from 'preact'
import { App } from './app.tsx'
import { liveSource } from './data/live-source.ts'
import { findReport, reportSource } from './data/report-source.ts'
import { load } from './data/runs.ts'
import { listenToKeys } from './keys.ts'

const report = findReport()
render(<App />, document.querySelector('#app')!)
listenToKeys()
void start()

async function start(): Promise<void> {
  await load(report === undefined ? liveSource() : await reportSource(report))
}
