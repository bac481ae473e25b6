// Makes docs/api, a page for each entry of each package, from the docstrings: `pnpm api-docs`.
//
// TypeDoc needs a compiler that can be called as a library, which TypeScript 7 is not; so it lives in docs/, with a TypeScript of its own.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = join(root, 'docs/api')
const { resolve } = createRequire(join(root, 'docs/package.json'))
const { Application, Converter, ReflectionKind } = await import(pathToFileURL(resolve('typedoc')).href)

// The entries of the packages by the names of their pages: "core", "testing/wandb".
const entries = new Map()
for (const name of readdirSync(join(root, 'packages'))) {
  const { exports } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
  for (const [entry, { '@trainyard/source': source }] of Object.entries(exports))
    if (source) entries.set(name + entry.slice(1), join(root, 'packages', name, source))
}

const app = await Application.bootstrapWithPlugins({
  plugin: [resolve('typedoc-plugin-markdown')],
  entryPoints: [...entries.values()],
  tsconfig: join(root, 'docs/tsconfig.json'),
  out,
  cleanOutputDir: false,
  name: 'API reference',
  readme: 'none',
  disableSources: true,
  disableGit: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  skipErrorChecking: true, // `pnpm typecheck` does it
  validation: { notExported: false, invalidLink: true, notDocumented: false },
  sort: ['source-order'],
  logLevel: 'Warn',
  // Of typedoc-plugin-markdown
  outputFileStrategy: 'modules',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  tableColumnSettings: { hideDefaults: true, hideOverrides: true, hideInherited: true },
})

// A class has what it adds, "Extends" leads to the rest; and what it does at events is its own affair.
app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
  for (const reflection of Object.values(project.reflections)) {
    const { inheritedFrom, overwrites, parent, name } = reflection
    if (parent?.kindOf(ReflectionKind.Class) && (inheritedFrom || (overwrites && /^on[A-Z]/.test(name))))
      project.removeReflection(reflection)
    for (const part of [reflection, ...(reflection.signatures ?? [])]) {
      delete part.overwrites
      delete part.inheritedFrom
      delete part.implementationOf
      // A parameter that is taken apart in the sources has no name there.
      for (const parameter of part.parameters ?? [])
        if (parameter.name === '__namedParameters') parameter.name = nameLike(parameter.type)
    }
  }
})

/** Gives `state` for `TrainerState`, `options` for `TakeOptions`. */
function nameLike({ name }) {
  return name?.match(/[A-Z][a-z]+$/)?.[0].toLowerCase() ?? 'options'
}

const project = await app.convert()
if (!project) process.exit(1)
for (const module of project.children) {
  const [name, entry] = module.name.split(/\/src\/?/)
  module.name = entry ? `${name}/${entry}` : name
}

rmSync(out, { recursive: true, force: true })
await app.generateOutputs(project)
console.log(`docs/api: ${entries.size} pages`)
