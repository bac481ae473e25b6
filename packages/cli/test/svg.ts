/** An element of an XML document. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  readonly text: string
}

const name = String.raw`[A-Za-z][\w:-]*`
const tag = new RegExp(String.raw`<(/?)(${name})((?:\s+${name}="[^"<]*")*)\s*(/?)>|([^<]+)`, 'gy')
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }

/**
 * Parses XML of the plain kind that programs write: elements, attributes, text.
 * @throws where a drawing program would.
 */
export function parseXml(source: string): XmlElement {
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\v\f\u000E-\u001F\uFFFE\uFFFF]/.test(source))
    throw new Error('characters that XML has not')
  const root = { name: '', attributes: {}, children: [] as XmlElement[], text: '' }
  const open = [root]
  let end = 0
  for (const [whole, close, element, attributes, isEmpty, text] of source.matchAll(tag)) {
    end += whole.length
    const top = open.at(-1)!
    if (text !== undefined) top.text += decoded(text)
    else if (close) {
      if (open.pop()!.name !== element) throw new Error(`</${element}> closes <${top.name}>`)
    } else {
      const pairs = attributes!.matchAll(new RegExp(`(${name})="([^"]*)"`, 'g'))
      const made = {
        name: element!,
        attributes: Object.fromEntries(Array.from(pairs, ([, key, value]) => [key!, decoded(value!)])),
        children: [],
        text: '',
      }
      top.children.push(made)
      if (!isEmpty) open.push(made)
    }
  }
  if (end < source.length) throw new Error(`no XML: ${source.slice(end, end + 30)}`)
  if (open.length > 1 || root.children.length !== 1) throw new Error('not one whole element')
  return root.children[0]!
}

function decoded(text: string): string {
  return text.replaceAll(/&(\w*);?/g, (whole, entity: string) => {
    if (!(entity in entities) || !whole.endsWith(';')) throw new Error(`${whole} is no entity`)
    return entities[entity]!
  })
}

/** Gives an element and all that are in it, in the order of the document. */
export function all(element: XmlElement, wanted: string): XmlElement[] {
  const inside = element.children.flatMap((child) => all(child, wanted))
  return element.name === wanted ? [element, ...inside] : inside
}

/** Gives the pieces of a path that are lines, as places; without the dots. */
export function piecesOf(path: XmlElement): [x: number, y: number][][] {
  return path.attributes['d']!.split('M')
    .slice(1)
    .filter((piece) => !piece.includes('a'))
    .map((piece) => piece.split('L').map((place) => place.split(' ').map(Number) as [number, number]))
}
