// Every program in the READMEs and in docs/ compiles and runs. A block that cannot run alone says why: its first line is `// not run: <reason>`.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { beforeAll, expect, test } from 'vitest'

interface Program {
  /** Where it stands: `packages/core/README.md:12`. */
  readonly place: string
  /** The name of its file, without the ending. */
  readonly name: string
  readonly code: string
  readonly runs: boolean
}

const root = fileURLToPath(new URL('..', import.meta.url))
const packages = readdirSync(join(root, 'packages')).filter((name) =>
  existsSync(join(root, 'packages', name, 'package.json')),
)
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
const readmes = [
  'README.md',
  ...docs.map((name) => `docs/${name}`),
  ...packages.map((name) => `packages/${name}/README.md`),
].filter((readme) => existsSync(join(root, readme)))
const programs = readmes.flatMap(programsIn)

// Inside node_modules, so that git ignores it; it has a node_modules of its own, with which the programs find what a user would have installed.
const folder = join(root, 'node_modules/.trainyard-test/readme')
const run = promisify(execFile)
// For machines that are busy: all of it takes some ten seconds on two idle cores.
const timeout = 120_000

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  const modules = join(folder, 'node_modules')
  for (const name of packages) link(join(root, 'packages', name), join(modules, '@trainyard', name))
  link(join(root, 'packages/tfjs/node_modules/@tensorflow'), join(modules, '@tensorflow'))
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { rootDir: root, typeRoots: [join(root, 'node_modules/@types')] },
    files: programs.map(({ name }) => `${name}.mts`),
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  for (const { name, code } of programs) writeFileSync(join(folder, `${name}.mts`), code)
  await build({
    entryPoints: programs.map(({ name }) => join(folder, `${name}.mts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    conditions: ['@trainyard/source'],
    external: ['@tensorflow/*'],
  })
})

test('every README has programs, and every block says what it is', () => {
  for (const readme of readmes) {
    const fences = [...read(readme).matchAll(/^ *```(\w*)$/gm)]
      .map(([, language]) => language)
      .filter(Boolean)
    expect(fences, readme).toContain('ts')
    expect(new Set(['ts', 'sh', ...fences]), readme).toEqual(new Set(['ts', 'sh']))
    const found = programs.filter(({ place }) => place.startsWith(`${readme}:`))
    expect(found, readme).toHaveLength(fences.filter((language) => language === 'ts').length)
  }
})

test.concurrent('all programs in the READMEs compile', { timeout }, async () => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const errors = await run(process.execPath, [tsc, '-p', folder], { cwd: folder }).then(
    () => '',
    ({ stdout, message }: { stdout: string; message: string }) => stdout || message,
  )
  expect(errorsIn(errors)).toBe('')
})

test.concurrent.each(programs.filter(({ runs }) => runs))('$place runs', { timeout }, async ({ name }) => {
  const file = join(folder, `${name}.mjs`)
  const { stdout } = await run(process.execPath, [file], { cwd: folder, timeout })
  expect(stdout).not.toMatch(/\bNaN\b/)
})

function read(readme: string): string {
  return readFileSync(join(root, readme), 'utf8')
}

/** Gives the TypeScript blocks of a README. */
function programsIn(readme: string): Program[] {
  const text = read(readme)
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(({ 1: code, index }) => {
    const place = `${readme}:${text.slice(0, index).split('\n').length}`
    return {
      place,
      name: place.replaceAll(/\W+/g, '-'),
      code: code!,
      runs: !/^\/\/ not run: \S/.test(code!),
    }
  })
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path, 'junction')
}

/** Gives the errors in the programs, with the places in the READMEs; those in the sources of the packages are not this test's. */
function errorsIn(output: string): string {
  return output
    .split(/^(?=\S)/m)
    .filter((error) => !error.startsWith('../'))
    .map((error) =>
      error.replace(/^([\w-]+)\.mts\((\d+),\d+\)/, (all, file: string, line: string) => {
        const program = programs.find(({ name }) => name === file)
        return program ? `${program.place}, its line ${line}` : all
      }),
    )
    .join('')
}
