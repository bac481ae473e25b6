import { fail } from './errors.ts'
import { Message } from './message.ts'
import { hparamsPlugin, summaryValue, tensorContent } from './summary-value.ts'
import { floatTensor } from './tensor-message.ts'

export type HparamValue = string | number | boolean

/** How a run ended; the numbers are TensorBoard's. */
const statuses = { success: 1, failure: 2 } as const
export type RunStatus = keyof typeof statuses

/** Tells the hyperparameters of the run that the file belongs to. */
export function sessionStartValue(hparams: Readonly<Record<string, HparamValue>>, seconds: number): Message {
  const start = new Message()
  for (const [name, value] of Object.entries(hparams))
    start.message(1, new Message().string(1, name).message(2, valueMessage(name, value)))
  return hparamsValue('session_start_info', new Message().int(1, 0).message(3, start.double(5, seconds)))
}

/** Tells how the run ended. */
export function sessionEndValue(status: RunStatus, seconds: number): Message {
  const end = new Message().int(1, statuses[status]).double(2, seconds)
  return hparamsValue('session_end_info', new Message().int(1, 0).message(4, end))
}

function hparamsValue(name: string, content: Message): Message {
  return summaryValue(`_hparams_/${name}`, tensorContent(floatTensor([], [0])), hparamsPlugin(content))
}

/** Makes a `google.protobuf.Value`. */
function valueMessage(name: string, value: HparamValue): Message {
  if (typeof value === 'number') return new Message().double(2, value)
  if (typeof value === 'string') return new Message().string(3, value)
  if (typeof value === 'boolean') return new Message().int(4, value)
  return fail(`hyperparameter "${name}" must be a text, a number or a boolean, not ${String(value)}`)
}
