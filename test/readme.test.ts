// Every program in the READMEs and in docs/ compiles and runs, and every link in them leads somewhere. A block that cannot run alone says why: its first
// line is `// not run: <reason>`. The reference in docs/api is made from the docstrings, whose examples are no whole programs.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
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
const apps = readdirSync(join(root, 'apps'))
const readmes = ['README.md', ...packages.map((name) => `packages/${name}/README.md`)].filter((readme) =>
  existsSync(join(root, readme)),
)
const pages = [...pagesIn('docs'), ...pagesIn('docs/guides')]
const reference = pagesIn('docs/api', true)
const others = [
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'benchmarks/README.md',
  'benchmarks/RESULTS.md',
  ...apps.map((name) => `apps/${name}/README.md`),
].filter((page) => existsSync(join(root, page)))
const programs = [...readmes, ...pages].flatMap(programsIn)

// Inside node_modules, so that git ignores it; it has a node_modules of its own, with which the programs find what a user would have installed.
const folder = join(root, 'node_modules/.trainyard-test/readme')
const run = promisify(execFile)
// For machines that are busy.
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
    external: ['@tensorflow/*', 'koffi'],
  })
})

test('every README has programs, and every block says what it is', () => {
  for (const readme of readmes) expect(programs.map(({ place }) => place.split(':')[0])).toContain(readme)
  for (const readme of [...readmes, ...pages]) {
    const fences = [...read(readme).matchAll(/^ *```(\w*)$/gm)]
      .map(([, language]) => language)
      .filter(Boolean)
    expect(new Set(['ts', 'sh', ...fences]), readme).toEqual(new Set(['ts', 'sh']))
    const found = programs.filter(({ place }) => place.startsWith(`${readme}:`))
    expect(found, readme).toHaveLength(fences.filter((language) => language === 'ts').length)
  }
})

test('the README of every package begins alike: its name, what it does, how to install it, its use', () => {
  for (const name of packages) {
    const [title, purpose, install, ...rest] = read(`packages/${name}/README.md`).split('\n\n')
    expect(title).toBe(`# @trainyard/${name}`)
    expect(purpose, name).toMatch(/^[A-Z]/)
    expect(install, name).toMatch(new RegExp(`^\`\`\`sh\\nnpm install .*@trainyard/${name}( |\\n)`))
    expect(
      rest.find((part) => part.startsWith('#')),
      name,
    ).toBe('## Use')
  }
})

test('every link leads somewhere', () => {
  const lost: string[] = []
  const anchors = new Map<string, Set<string>>()
  for (const page of [...readmes, ...pages, ...reference, ...others])
    for (const { 1: to = '' } of withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^\w+:/.test(to)) continue
      const [path = '', anchor] = to.split('#')
      const target = path ? normalize(join(dirname(page), path)) : page
      const exists = existsSync(join(root, target))
      if (exists && anchor && !anchors.has(target)) anchors.set(target, anchorsIn(read(target)))
      if (!exists || (anchor && !anchors.get(target)!.has(anchor))) lost.push(`${page}: ${to}`)
    }
  expect(lost).toEqual([])
})

test('the index of the documentation has every package, as the README has it, its reference, and every sample program', () => {
  const index = read('docs/README.md')
  for (const name of packages) {
    const row = (page: string): string | undefined =>
      new RegExp(`@trainyard/${name}.*?\\) +\\| (.*?) +\\|`).exec(page)?.[1]
    expect(row(index), name).toBe(row(read('README.md')))
    expect(index).toContain(`(api/${name}.md)`)
  }
  for (const name of apps) expect(index).toContain(`(../apps/${name})`)
})

test('the loop in the README and in the concepts is the contract', () => {
  const [, contract = ''] = read('packages/core/src/events.ts').match(/```text\n(.*?) \* ```/s) ?? []
  const loop = contract.replaceAll(/^ \* ?/gm, '')
  expect(loop).toContain('<onActionEnd>')
  for (const page of ['README.md', 'docs/concepts.md']) expect(read(page)).toContain(loop)
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

test.concurrent('the events in the concepts are those that its program prints', { timeout }, async () => {
  const { place, name, code } = programs.find(({ place: each }) => each.startsWith('docs/concepts.md:'))!
  const [, , shown] = read(place.split(':')[0]!).split(code)[1]!.split('```\n', 3)
  const { stdout } = await run(process.execPath, [join(folder, `${name}.mjs`)], { cwd: folder, timeout })
  expect(stdout).toBe(shown)
})

/** Gives the Markdown files of a folder. */
function pagesIn(parent: string, recursive = false): string[] {
  const names = readdirSync(join(root, parent), { recursive, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.md')).map((name) => `${parent}/${name.replaceAll('\\', '/')}`)
}

/** Takes out what is code, in which brackets are no links. */
function withoutCode(text: string): string {
  return text.replaceAll(/^ *```.*?^ *```$/gms, '').replaceAll(/(`+)(?!`).*?[^`]\1(?!`)/g, 'code')
}

/** Gives where links into a page may lead: its headings, as GitHub names them, and anchors of its own. */
function anchorsIn(text: string): Set<string> {
  const headings = [...text.replaceAll(/^ *```.*?^ *```$/gms, '').matchAll(/^#+ (.*)$/gm)].map(
    ([, heading]) =>
      heading!
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\-_ ]/gu, '')
        .replaceAll(' ', '-'),
  )
  const seen = new Map<string, number>()
  const anchors = headings.map((heading) => {
    const times = seen.get(heading) ?? 0
    seen.set(heading, times + 1)
    return times ? `${heading}-${times}` : heading
  })
  return new Set([...anchors, ...[...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!)])
}

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
