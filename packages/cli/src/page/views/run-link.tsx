import { show } from '../state/view-state.ts'

/** Opens a run; in another tab, if the browser is told so. */
export function RunLink({ id, title = id }: { id: string; title?: string }) {
  const open = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    show({ run: id }, { isNew: true })
  }
  return (
    <a href={`#run=${encodeURIComponent(id)}`} title={title} onClick={open}>
      {id}
    </a>
  )
}
