/** Milliseconds a step, of the processor and by the clock on the wall, of each network that could be trained. */
export type Times = Record<string, { cpu: number; wall: number }>
