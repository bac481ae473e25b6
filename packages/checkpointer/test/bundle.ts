import { pathToFileURL } from 'node:url'
import { bundlePrograms } from '../../../test/program.ts'

/** Makes programs of files beside this one, for other processes and threads; gives the URL of the first, and of the others in that order. */
export async function bundle(...names: string[]): Promise<string[]> {
  const programs = await bundlePrograms(...names.map((name) => new URL(`${name}.ts`, import.meta.url)))
  return programs.map((program) => pathToFileURL(program).href)
}
