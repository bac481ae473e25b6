// Does what a stranger does: installs the packages, packed as for a release, into a project outside of the workspace, and trains there, in JavaScript and in TypeScript, is
// killed, goes on, and reads what is left. `pnpm stranger` takes npm, this Node and the newest TypeScript; `pnpm stranger --all` takes npm, pnpm and yarn, Node 20, 22 and 24,
// TypeScript 5.9 to 7, `require`, and attw.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { transformSync } from 'esbuild'
import { buildPackages } from './build-packages.mjs'
import { serveRegistry } from './local-registry.mjs'

const all = process.argv.includes('--all')
const managers = all ? ['npm', 'pnpm', 'yarn'] : ['npm']
const nodes = all ? ['20', '22', '24'] : []
const typescripts = all ? ['5.9.3', '6.0.3', '7.0.2'] : ['7.0.2']
const tfjs = '4.22.0'
const shared = resolve('test/stranger')

const root = mkdtempSync(join(tmpdir(), 'trainyard-stranger-'))
// Nothing of this workspace may be seen from there.
const env = { ...process.env }
for (const name of Object.keys(env))
  if (/^(npm|pnpm)_/i.test(name) && !/cache|registry/i.test(name)) delete env[name]

buildPackages('./packages/*')
const packed = join(root, 'packed')
mkdirSync(packed)
run(
  'npx',
  ['-y', 'pnpm', '-r', '--filter', './packages/*', 'pack', '--pack-destination', packed],
  resolve('.'),
)
const registry = await serveRegistry(packed)
console.log(`${registry.packages.length} packages are packed`)
if (all) checkTypesOfExports()
for (const manager of managers) await live(manager)
registry.close()
rmSync(root, { recursive: true, force: true })
console.log('A stranger can install, train, stop, go on and read.')

async function live(manager) {
  const project = join(root, manager)
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }\n')
  writeFileSync(join(project, '.npmrc'), `@trainyard:registry=${registry.address}\n`)
  const tools = ['@types/node@20', ...typescripts.map((version) => `ts${version}@npm:typescript@${version}`)]
  await install(manager, project, [
    ...registry.packages,
    `@tensorflow/tfjs@${tfjs}`,
    `@tensorflow/tfjs-backend-wasm@${tfjs}`,
    ...tools,
  ])
  console.log(`${manager}: installed`)

  const code = readFileSync(join(shared, 'train.ts'), 'utf8')
  writeFileSync(join(project, 'train.mjs'), transformSync(code, { loader: 'ts', target: 'es2022' }).code)
  await interrupt(project, process.execPath, ['train.mjs'], `${manager}, JavaScript`)

  for (const version of typescripts) {
    compile(project, version)
    await interrupt(project, process.execPath, ['compiled/train.js'], `${manager}, TypeScript ${version}`)
  }

  const names = registry.packages.filter((name) => name !== '@trainyard/cli')
  const required = names.map(
    (name) => `if (Object.keys(require('${name}')).length === 0) throw new Error('${name}')`,
  )
  writeFileSync(join(project, 'require.cjs'), `${required.join('\n')}\n`)
  run(process.execPath, ['require.cjs'], project)
  console.log(`${manager}: every package can be required`)
  if (manager !== 'npm') return
  for (const node of nodes) {
    run('npx', ['-y', `node@${node}`, 'require.cjs'], project)
    await interrupt(project, 'npx', ['-y', `node@${node}`, 'train.mjs'], `Node ${node}`, { kill: false })
  }
}

async function install(manager, project, packages) {
  if (manager === 'npm') await background('npm', ['install', '--no-audit', '--no-fund', ...packages], project)
  if (manager === 'pnpm') {
    writeFileSync(join(project, 'pnpm-workspace.yaml'), 'allowBuilds:\n  core-js: false\n  koffi: false\n')
    await background('npx', ['-y', 'pnpm@12', 'add', ...packages], project)
  }
  if (manager === 'yarn')
    await background('npx', ['-y', 'yarn@1.22.22', 'add', '--non-interactive', ...packages], project)
}

function compile(project, version) {
  for (const file of ['train.ts', 'names.ts']) copyFileSync(join(shared, file), join(project, file))
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023'],
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    outDir: 'compiled',
    skipLibCheck: true,
  }
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['train.ts', 'names.ts'] }),
  )
  rmSync(join(project, 'compiled'), { recursive: true, force: true })
  run(process.execPath, [`node_modules/ts${version}/bin/tsc`], project)
}

/** Runs the program twice, once whole and once killed on the way, and compares what is left. */
async function interrupt(project, command, args, what, { kill = true } = {}) {
  const start = (killAt) => {
    const child = spawn(command, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    return new Promise((done, failed) => {
      child.stdout.setEncoding('utf8').on('data', (text) => {
        output += text
        if (killAt && output.includes(killAt)) child.kill('SIGKILL')
      })
      child.on('close', (exitCode, signal) => {
        if (exitCode !== 0 && signal !== 'SIGKILL') failed(new Error(`${what} failed:\n${output}`))
        else done({ signal, output })
      })
    })
  }
  const logs = join(project, 'logs')
  const left = ({ output }) => JSON.parse(/^left (.*)$/m.exec(output)[1])
  rmSync(logs, { recursive: true, force: true })
  const whole = left(await start())
  if (kill) {
    rmSync(logs, { recursive: true, force: true })
    const { signal } = await start('at step 70')
    assert.equal(signal, 'SIGKILL', `${what}: it was over before it could be killed`)
    assert.deepEqual(
      readdirSync(logs).filter((name) => !name.startsWith('.')),
      ['1'],
    )
    assert.deepEqual(left(await start()), whole, `${what}: a killed run left something else than a whole one`)
  }
  assert.equal(whole.status, 'COMPLETE')
  assert.deepEqual(whole.points, whole.step)
  console.log(`${what}: ${kill ? 'killed and resumed, all is as in a whole run' : 'trained'}`)
}

/** Asks "are the types wrong?" of every package; they are ES modules, which `require` takes from Node 20.19 on. */
function checkTypesOfExports() {
  for (const file of readdirSync(packed))
    run(
      'npx',
      ['-y', '@arethetypeswrong/cli@0.18.5', '--profile', 'esm-only', '--no-color', join(packed, file)],
      root,
    )
  console.log('attw: no problems')
}

/** Runs a program to its end while the registry goes on serving. */
function background(command, args, cwd) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text))
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (code) =>
      code === 0
        ? done()
        : failed(new Error(`${command} ${args.slice(0, 4).join(' ')} … failed:\n${output}`)),
    )
  })
}

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${error ?? ''}${stdout}${stderr}`)
}
