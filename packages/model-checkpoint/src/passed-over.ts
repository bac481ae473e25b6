/** Says that a checkpoint is damaged, and that the search goes on without it. */
export function passedOver({
  path,
  file,
  reason,
}: Readonly<Record<'path' | 'file' | 'reason', string>>): string {
  return `[model-checkpoint] checkpoint "${path}" is damaged and passed over: ${file} ${reason}`
}
