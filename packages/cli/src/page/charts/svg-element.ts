/** By their names; numbers as they are. */
export type Attributes = Readonly<Record<string, string | number>>

/**
 * Makes an element of an SVG file.
 * @param children Elements, or text that `escaped` has made.
 */
export function svgElement(name: string, attributes: Attributes, children: readonly string[] = []): string {
  const all = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`)
  const start = `<${name}${all.join('')}`
  return children.length > 0 ? `${start}>${children.join('')}</${name}>\n` : `${start}/>\n`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Writes text so that it comes out as it is; but XML has no control characters, not even as entities. */
export function escaped(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[&<>"\u0000-\u001F\uFFFE\uFFFF]/g, (one) => entities[one] ?? ' ')
}
