// What has to hold for every page.
import assert from 'node:assert/strict'

/** Looks for what is wider than the window, and for controls that lie on each other. */
export async function checkLayout(page, name) {
  const faults = await page.evaluate(() => {
    const found = []
    if (document.documentElement.scrollWidth > innerWidth)
      found.push(`the page is ${document.documentElement.scrollWidth} px wide`)
    const scrolls = (element) =>
      element.closest('.table, .scroll, .console, .menu > div, .menu > ul, dialog, .hidden')
    const say = (element) =>
      `${element.tagName.toLowerCase()}.${element.className} "${element.textContent.slice(0, 30)}"`
    const visible = [...document.querySelectorAll('#app *')].filter(
      (element) => element.checkVisibility() && !scrolls(element),
    )
    for (const element of visible) {
      const { left, right, width } = element.getBoundingClientRect()
      if (width > 0 && (right > innerWidth + 1 || left < -1)) found.push(`${say(element)} leaves the window`)
    }
    const controls = visible.filter((element) =>
      element.matches('button, select, input, a, summary, h1, h2, h3, p, .folder, figcaption span'),
    )
    const boxes = controls.map((element) => [element, element.getBoundingClientRect()])
    for (const [i, [a, first]] of boxes.entries())
      for (const [b, second] of boxes.slice(i + 1)) {
        if (a.contains(b) || b.contains(a)) continue
        const across = Math.min(first.right, second.right) - Math.max(first.left, second.left)
        const down = Math.min(first.bottom, second.bottom) - Math.max(first.top, second.top)
        if (across > 1 && down > 1) found.push(`${say(a)} lies on ${say(b)}`)
      }
    return found
  })
  assert.deepEqual(faults, [], name)
}

/** Looks for what a screen reader would have no name for. */
export async function checkNames(page, name) {
  const session = await page.context().newCDPSession(page)
  const { nodes } = await session.send('Accessibility.getFullAXTree')
  await session.detach()
  const roles = new Set([
    'button',
    'link',
    'textbox',
    'searchbox',
    'combobox',
    'checkbox',
    'slider',
    'image',
    'region',
  ])
  const nameless = nodes.filter(
    (node) => !node.ignored && roles.has(node.role?.value) && !node.name?.value?.trim(),
  )
  assert.deepEqual(
    nameless.map((node) => node.role.value),
    [],
    `${name}: no name for a screen reader`,
  )
}

/** Lets axe-core look, if it is installed. */
export async function checkWithAxe(page, name) {
  let source
  try {
    ;({ source } = (await import('axe-core')).default)
  } catch {
    return 'axe-core is not installed'
  }
  // The page lets no script in but its own; the debugger may.
  const session = await page.context().newCDPSession(page)
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }
  await evaluate(`${source};0`)
  const violations = await evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 150)} (${nodes.length})`))',
  )
  await session.detach()
  assert.deepEqual(violations, [], `${name}: axe-core`)
  return 'axe-core found nothing'
}
