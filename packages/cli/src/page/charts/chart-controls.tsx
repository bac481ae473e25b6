import { type Axis, axes } from '../../viewer/protocol.ts'
import { show, view } from '../state/view-state.ts'

/** What holds for all charts. */
export function ChartControls({ canGroup }: { canGroup: boolean }) {
  const { axis, logX, logY, smoothing, zoom, metrics, group, bands } = view.value
  return (
    <div class="controls">
      <label>
        over{' '}
        <select
          value={axis}
          onChange={(event) => show({ axis: event.currentTarget.value as Axis, zoom: null })}
        >
          {axes.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        <input type="checkbox" checked={logX} onChange={() => show({ logX: !logX })} /> log x
      </label>
      <label>
        <input type="checkbox" checked={logY} onChange={() => show({ logY: !logY })} /> log y
      </label>
      <label>
        smoothing{' '}
        <input
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          value={smoothing}
          onInput={(event) => show({ smoothing: Number(event.currentTarget.value) })}
        />{' '}
        <output>{smoothing}</output>
      </label>
      {canGroup && (
        <label title={group === '' ? 'group the runs first' : undefined}>
          <input
            type="checkbox"
            checked={bands}
            disabled={group === ''}
            onChange={() => show({ bands: !bands })}
          />{' '}
          mean ± std of groups
        </label>
      )}
      <label>
        metrics{' '}
        <input
          type="search"
          size={10}
          value={metrics}
          onInput={(event) => show({ metrics: event.currentTarget.value })}
        />
      </label>
      <button type="button" disabled={zoom === null} onClick={() => show({ zoom: null })}>
        whole range
      </button>
    </div>
  )
}
