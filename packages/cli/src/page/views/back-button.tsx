import { goBack, view } from '../state/view-state.ts'

/** Leads from a run or a comparison to where it was opened. */
export function BackButton() {
  const { run, compare } = view.value
  return (
    <p>
      <button type="button" onClick={goBack}>
        ← {run !== null && compare ? 'comparison' : 'all runs'}
      </button>
    </p>
  )
}
