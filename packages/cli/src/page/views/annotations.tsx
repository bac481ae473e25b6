import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { RunRow } from '../../viewer/protocol.ts'
import { canWrite, source } from '../data/runs.ts'
import { messageOf } from '../format.ts'

/** What a person says about a run; in fields if it can be changed from here. */
export function Annotations({ row }: { row: RunRow }) {
  const tags = useSignal('')
  const notes = useSignal('')
  const said = useSignal('')
  useEffect(() => {
    tags.value = row.tags.join(', ')
    notes.value = row.notes
  }, [row.id])
  if (!canWrite.value)
    return (
      <p>
        {row.tags.map((tag) => (
          <span class="tag" key={tag}>
            {tag}
          </span>
        ))}{' '}
        {row.notes}
      </p>
    )
  const save = async (archived: boolean): Promise<void> => {
    const list = tags.value.split(',').map((tag) => tag.trim())
    try {
      await source.peek().annotate({ run: row.id, tags: list.filter(Boolean), notes: notes.value, archived })
      said.value = 'saved'
    } catch (error) {
      said.value = messageOf(error)
    }
  }
  return (
    <form
      class="controls"
      onSubmit={(event) => {
        event.preventDefault()
        void save(row.archived)
      }}
    >
      <label>
        tags{' '}
        <input value={tags.value} size={16} onInput={(event) => (tags.value = event.currentTarget.value)} />
      </label>
      <label>
        notes{' '}
        <input value={notes.value} size={28} onInput={(event) => (notes.value = event.currentTarget.value)} />
      </label>
      <button type="submit">save</button>
      <button type="button" onClick={() => void save(!row.archived)}>
        {row.archived ? 'bring back' : 'archive'}
      </button>
      <span role="status">{said.value}</span>
    </form>
  )
}
