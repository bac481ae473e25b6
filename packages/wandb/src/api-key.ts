/**
 * Holds an API key so that it cannot get into a log: whoever prints, copies or serializes the object sees `***`.
 */
export class ApiKey {
  readonly #key: string
  readonly #forms: readonly string[]

  constructor(key: string) {
    this.#key = key
    const basic = Buffer.from(`api:${key}`).toString('base64')
    this.#forms = [key, basic, encodeURIComponent(key)]
  }

  /** The key itself, for the one place that sends it. */
  reveal(): string {
    return this.#key
  }

  /** What the `authorization` header says. */
  authorization(): string {
    return `Basic ${this.#forms[1]}`
  }

  /** Takes the key out of a text, for example out of what a server answered. */
  redact(text: string): string {
    return this.#forms.reduce((clean, form) => clean.replaceAll(form, '***'), text)
  }

  toString(): string {
    return '***'
  }

  toJSON(): string {
    return '***'
  }
}
