import type { CommandContext } from './command.ts'

/** Says that there is no run to do something with, and why; gives the exit code for that. */
export function sayNoRun(
  { runs, folder, output }: Pick<CommandContext, 'runs' | 'folder' | 'output'>,
  why = 'no run matches',
): 1 {
  output.note(
    runs.length > 0 ? why : `there are no runs in "${folder}"; --logs names the folder that has them`,
  )
  return 1
}
