// The page of `trainyard ui`, and of a report: then its data is in the document.
import { render } from 'preact'
import { reportElement } from '../viewer/report-format.ts'
import { App } from './app.tsx'
import { liveSource } from './data/live-source.ts'
import { reportSource } from './data/report-source.ts'
import { load } from './data/runs.ts'
import { listenToKeys } from './keys.ts'

const report = document.querySelector<HTMLTemplateElement>(`#${reportElement}`)?.content.textContent
render(<App />, document.querySelector('#app')!)
listenToKeys()
void start()

async function start(): Promise<void> {
  await load(report ? await reportSource(report) : liveSource())
}
