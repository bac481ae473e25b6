import { Message } from './message.ts'

/** What an event is about: a field of it, by number, and the field's value. */
export type EventContent = (event: Message) => Message

/** The name by which our files say who wrote them. */
const writer = 'trainyard'

/** `SessionLog.START`: TensorBoard drops what it has read of the run from this event's step on. */
const sessionStarts = 1

/** Makes an event: when, at which step, what. */
export function eventMessage(content: EventContent, step: number, wallTime: number): Message {
  const event = new Message().double(1, wallTime)
  if (step !== 0) event.int(2, step)
  return content(event)
}

/** The first event of every file. */
export function fileVersion(): EventContent {
  return (event) => event.string(3, 'brain.Event:2').message(10, new Message().string(1, writer))
}

export function sessionStart(): EventContent {
  return (event) => event.message(7, new Message().int(1, sessionStarts))
}

/** A serialized `GraphDef`. */
export function graphDef(graph: Message): EventContent {
  return (event) => event.message(4, graph)
}

/** One or several values, each a `Summary.Value`. */
export function summary(...values: readonly Message[]): EventContent {
  const message = new Message()
  for (const value of values) message.message(1, value)
  return (event) => event.message(5, message)
}
