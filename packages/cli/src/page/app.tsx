import { ChartGrid } from './charts/chart-grid.tsx'
import { failure, folder, isLoaded, shown, source } from './data/runs.ts'
import { isHelpOpen } from './keys.ts'
import { switchTheme } from './state/theme.ts'
import { show, view } from './state/view-state.ts'
import { CompareView } from './views/compare-view.tsx'
import { Help } from './views/help.tsx'
import { RunView } from './views/run-view.tsx'
import { RunsTable } from './views/runs-table.tsx'
import { Toolbar } from './views/toolbar.tsx'

export function App() {
  const { run, compare } = view.value
  return (
    <>
      <header>
        <h1>
          <a href="#">Trainyard</a>
        </h1>
        <span class="folder" title={folder.value}>
          {folder.value}
          {isLoaded.value && !source.value.isLive && ' (report)'}
        </span>
        <button type="button" onClick={() => show({ compare: !compare, run: null }, { isNew: true })}>
          compare
        </button>
        <button type="button" onClick={switchTheme}>
          theme
        </button>
        <button type="button" onClick={() => (isHelpOpen.value = true)}>
          keys
        </button>
      </header>
      {failure.value !== '' && (
        <p class="error" role="alert">
          {failure.value}
        </p>
      )}
      <Body run={run} compare={compare} />
      <Help />
    </>
  )
}

function Body({ run, compare }: { run: string | null; compare: boolean }) {
  if (!isLoaded.value) return <p class="quiet">reading the runs …</p>
  if (run !== null) return <RunView key={run} id={run} />
  if (compare) return <CompareView />
  const { hidden } = view.value
  return (
    <main class={`split ${hidden && 'whole'}`}>
      {hidden !== 'runs' && (
        <section class="runs" aria-label="Runs and filter">
          <Toolbar />
          <RunsTable />
        </section>
      )}
      {hidden !== 'charts' && <ChartGrid runs={shown.value} canGroup />}
    </main>
  )
}
