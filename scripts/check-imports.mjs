// Checks who imports whom. The rules: the core imports nothing; every package may import the core, and besides that only what `allowed` says; apps and
// benchmarks may use every package through its public entry. A source file's imports must be in its package.json, and nothing else of the workspace there.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const scope = '@trainyard/'
const allowed = {
  core: [],
  tfjs: ['tfjs-wasm'],
  tensorboard: ['tensorboard-plugin-writer'],
  'model-checkpoint': ['checkpointer'],
  'run-folder': ['checkpointer'],
  launch: ['run-folder'],
  cli: ['run-folder', 'checkpointer', 'tensorboard-plugin-writer'],
}

const problems = []
let files = 0

for (const name of readdirSync('packages')) {
  const may = name === 'core' ? [] : ['core', ...(allowed[name] ?? [])]
  const manifest = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8'))
  const declared = {
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
  }
  for (const dependency of Object.keys(declared).filter((d) => d.startsWith(scope)))
    if (!may.includes(dependency.slice(scope.length)))
      problems.push(
        `packages/${name}/package.json depends on ${dependency}, which the architecture does not allow`,
      )
  for (const file of sources(`packages/${name}/src`)) {
    files++
    // What is bundled ahead, as a page is, nobody has to install.
    const bundled = file.startsWith(`packages/${name}/src/page/`) ? manifest.devDependencies : {}
    for (const specifier of imports(file)) {
      if (specifier.startsWith('.')) {
        if (join(file, '..', specifier).startsWith(`packages/${name}/src`)) continue
        problems.push(`${file} imports ${specifier}, outside its own src`)
      } else if (name === 'core') problems.push(`${file} imports ${specifier}: the core imports nothing`)
      else if (specifier.startsWith(scope)) {
        const [target, ...deeper] = specifier.slice(scope.length).split('/')
        if (!may.includes(target))
          problems.push(`${file} imports ${specifier}, which the architecture does not allow`)
        else if (deeper.length > 0 && !isEntry(specifier))
          problems.push(`${file} imports ${specifier}: only a public entry may be used`)
        else if (!(packageOf(specifier) in declared))
          problems.push(`${file} imports ${specifier}, which its package.json does not name`)
      } else if (!specifier.startsWith('node:') && !(packageOf(specifier) in { ...declared, ...bundled }))
        problems.push(`${file} imports ${specifier}, which its package.json does not name`)
    }
  }
}

for (const folder of [...readdirSync('apps').map((app) => `apps/${app}`), 'benchmarks'])
  for (const file of sources(`${folder}/src`)) {
    files++
    for (const specifier of imports(file))
      if (specifier.startsWith(scope) && !isEntry(specifier))
        problems.push(`${file} imports ${specifier}: only a public entry may be used`)
      else if (specifier.startsWith('.') && !join(file, '..', specifier).startsWith(folder))
        problems.push(`${file} imports ${specifier}, outside its own folder`)
  }

for (const problem of problems) console.error(problem)
console.log(`imports: ${files} files checked, ${problems.length} problems`)
process.exit(problems.length > 0 ? 1 : 0)

function sources(folder) {
  return readdirSync(folder).flatMap((entry) => {
    const path = join(folder, entry)
    if (statSync(path).isDirectory()) return sources(path)
    return /\.[cm]?[jt]sx?$/.test(entry) ? [path] : []
  })
}

function imports(file) {
  // Comments hold examples, whose imports do not count.
  const code = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const statements =
    /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm
  return [...code.matchAll(statements)].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic)
}

/** Whether a package of ours names this entry in its `exports`. */
function isEntry(specifier) {
  const [name, ...path] = specifier.slice(scope.length).split('/')
  const manifest = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8'))
  return ['.', ...path].join('/') in manifest.exports
}

function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
