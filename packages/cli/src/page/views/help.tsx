import { useEffect, useRef } from 'preact/hooks'
import { isHelpOpen, keys } from '../keys.ts'

/** What the keys do. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null)
  const isOpen = isHelpOpen.value
  useEffect(() => {
    if (isOpen) dialog.current!.showModal()
    else dialog.current!.close()
  }, [isOpen])
  return (
    <dialog ref={dialog} aria-labelledby="help-title" onClose={() => (isHelpOpen.value = false)}>
      <h2 id="help-title">Keys</h2>
      <dl>
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key === ' ' ? 'space' : key.toLowerCase()}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p>Drag over a chart to zoom; a double click shows all again.</p>
      <button type="button" onClick={() => (isHelpOpen.value = false)}>
        close
      </button>
    </dialog>
  )
}
