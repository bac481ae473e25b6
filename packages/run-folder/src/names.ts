import { fail } from './errors.ts'

// What Windows takes for a device, whatever ending it has.
const device = /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])(\.|$)/i
// oxlint-disable-next-line no-control-regex
const forbidden = /[/\\:*?"<>|\u0000-\u001f\u007f]/

/**
 * Checks a name that becomes that of a file or folder, and gives it back: it stays in its folder on every system, and is not hidden.
 * @throws naming what the name is for.
 */
export function checkName(what: string, name: unknown): string {
  const shown = JSON.stringify(name)
  const wrong = (why: string): never => fail(`${what} ${shown} ${why}; use a plain name such as "train"`)
  if (typeof name !== 'string' || name === '') return wrong('is no name')
  if (forbidden.test(name)) wrong('has a character that file names cannot have')
  if (name.startsWith('.')) wrong('begins with a dot')
  if (/[. ]$/.test(name)) wrong('ends with a dot or a space')
  if (device.test(name)) wrong('is the name of a device on Windows')
  if (Buffer.byteLength(name) > 200) wrong('is longer than 200 bytes')
  return name
}

/** Words with which a field of a query begins, so that no metrics can be called that. */
export const reservedLogNames: readonly string[] = [
  'info',
  'config',
  'mlxpy',
  'mlxp',
  'metrics',
  'artifact',
  'artifacts',
  'id',
  'status',
  'tags',
  'notes',
  'archived',
]

/** Checks the name of a metrics file. */
export function checkLogName(name: unknown): string {
  const checked = checkName('the log name', name)
  if (reservedLogNames.includes(checked.toLowerCase()))
    fail(`the log name "${checked}" means something else in queries; use another one, such as "train"`)
  return checked
}
