/** Thrown for a query that makes no sense; `position` is where, counted in characters from 0. */
export class QueryError extends Error {
  readonly query: string
  readonly position: number

  constructor(reason: string, query: string, position: number) {
    const before = query.slice(0, position).replaceAll(/\s/g, ' ')
    super(
      `[run-folder] ${reason} at column ${position + 1}\n  ${query.replaceAll(/\s/g, ' ')}\n  ${' '.repeat(before.length)}^`,
    )
    this.name = 'QueryError'
    this.query = query
    this.position = position
  }
}
