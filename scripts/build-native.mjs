// Builds @tensorflow/tfjs-node, TensorFlow.js on native TensorFlow, on a current TensorFlow:
//
//   node scripts/build-native.mjs [folder]
//
// The package's own installer downloads TensorFlow 2.9.1 of 2022, and an addon that was compiled for it. This
// takes libraries and headers out of the Python package `tensorflow-cpu`, whose C functions are still those
// that the addon calls, and compiles the addon with them. Nothing of its sources is changed.
//
// `folder` is that of a program's package.json; the package comes into its node_modules. Without one it is
// `.native` here, for `pnpm bench wasm` and `pnpm interop native`. All that is built lies in the package
// itself, in `deps` and `lib`, and goes with it.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lastLines, makeVenv, sitePackages } from './venv.mjs'

const name = '@tensorflow/tfjs-node'
const version = '4.22.0'
const inRepository = fileURLToPath(new URL('../.native', import.meta.url))

const folder = resolve(process.argv[2] ?? inRepository)
try {
  checkMachine()
  const addon = installPackage()
  const tensorflow = installTensorFlow(addon)
  linkLibraries(addon, tensorflow)
  compile(addon, tensorflow)
  const built = tryOut()
  console.log(`\nBuilt: TensorFlow ${built} in ${relative('', addon) || '.'}`)
  console.log(
    folder === inRepository
      ? 'Next: `pnpm bench wasm` measures it, `pnpm interop native` checks it.'
      : "Next: `await useBackend('node')` in the program of that folder.",
  )
} catch (error) {
  console.error(`\n[build-native] ${error.message}`)
  process.exitCode = 1
}

function checkMachine() {
  if (process.platform !== 'linux')
    throw new Error(
      `this is for Linux, not for ${process.platform}; \`npm install ${name}@${version}\` may have an old ` +
        'TensorFlow for it',
    )
  for (const tool of ['make', 'g++'])
    if (spawnSync(tool, ['--version']).status !== 0)
      throw new Error(
        `there is no ${tool}: a C++ compiler is needed (Debian and Ubuntu: apt install g++ make)`,
      )
}

/** Installs the package without its install script, unless it is there; gives its folder. */
function installPackage() {
  const path = join(folder, 'node_modules', name)
  if (!existsSync(path)) {
    say(`${name}@${version}, without its install script`)
    for (const lock of ['pnpm-lock.yaml', 'yarn.lock', 'bun.lock'])
      if (existsSync(join(folder, lock)))
        throw new Error(
          `${folder} has a ${lock}: install ${name}@${version} with that package manager, its scripts ` +
            'switched off (as by `pnpm add --ignore-scripts`), and run this again',
        )
    mkdirSync(folder, { recursive: true })
    if (!existsSync(join(folder, 'package.json')))
      writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ private: true }, null, 2)}\n`)
    run(
      'npm',
      ['install', '--ignore-scripts', '--save-exact', '--no-audit', '--no-fund', `${name}@${version}`],
      {
        cwd: folder,
        failed: 'npm could not install the package',
      },
    )
  }
  // Package managers that link: build where the files are.
  return realpathSync(path)
}

/** Installs the wheel, without what only Python needs, in an environment of its own; gives its folder. */
function installTensorFlow(addon) {
  say('tensorflow-cpu from the Python package index: some 270 MB, unpacked 1.2 GB')
  const venv = join(addon, 'deps/venv')
  makeVenv(venv, ['tensorflow-cpu'], { noDeps: true })
  return join(sitePackages(venv), 'tensorflow')
}

/** Puts the libraries where the addon looks for them. */
function linkLibraries(addon, tensorflow) {
  say('linking its libraries and headers')
  const cc = join(tensorflow, 'libtensorflow_cc.so.2')
  const framework = join(tensorflow, 'libtensorflow_framework.so.2')
  for (const library of [cc, framework])
    if (!existsSync(library))
      throw new Error(`this wheel has no ${relative(tensorflow, library)}, so it cannot be linked with`)
  const links = {
    'lib/libtensorflow_cc.so.2': cc,
    'lib/libtensorflow_framework.so.2': framework,
    // What the linker is told to look for: -ltensorflow and -ltensorflow_framework.
    'lib/libtensorflow.so': cc,
    'lib/libtensorflow_framework.so': framework,
    // The file whose absence makes the package's own installer download.
    'lib/libtensorflow.so.2.9.1': cc,
    include: join(tensorflow, 'include'),
  }
  mkdirSync(join(addon, 'deps/lib'), { recursive: true })
  for (const [link, target] of Object.entries(links)) {
    const path = join(addon, 'deps', link)
    rmSync(path, { recursive: true, force: true })
    symlinkSync(relative(dirname(path), target), path)
  }
}

function compile(addon, tensorflow) {
  say('compiling the addon')
  // Headers of TensorFlow since 2.13 include others that the wheel keeps in folders of their own.
  const include = ['', '/external/local_tsl', '/external/local_xla'].map(
    (part) => `-I${tensorflow}/include${part}`,
  )
  run('npm', ['exec', '--no', '--', 'node-pre-gyp', 'install', '--build-from-source'], {
    cwd: addon,
    env: { ...headersOfNode(), CXXFLAGS: [process.env.CXXFLAGS, ...include].filter(Boolean).join(' ') },
    failed: 'the addon does not compile',
  })
}

/** Points node-gyp at the headers that are installed beside this Node, if they are; else it downloads them. */
function headersOfNode() {
  const prefix = dirname(dirname(realpathSync(process.execPath)))
  const isHere = existsSync(join(prefix, 'include/node/node_version.h'))
  return isHere ? { npm_config_nodedir: process.env.npm_config_nodedir ?? prefix } : {}
}

/** Multiplies two matrices in a process of its own; gives the version of TensorFlow. */
function tryOut() {
  say('trying it')
  const program = `
    const util = require('node:util')
    util.isNullOrUndefined ??= (value) => value == null // absent since Node 23
    const tf = require('${name}')
    const [product] = tf.matMul([[2]], [[21]]).dataSync()
    if (product !== 42) throw new Error('2 x 21 is ' + product)
    console.log('version', tf.backend().binding.TF_Version)`
  const output = run(process.execPath, ['-e', program], {
    cwd: folder,
    env: { TF_CPP_MIN_LOG_LEVEL: '2' },
    failed: 'the addon was built, but does not work',
  })
  return /^version (.*)$/m.exec(output)[1]
}

function say(step) {
  console.log(`- ${step}`)
}

/** Runs a program; gives what it printed, or throws with the end of it. */
function run(command, args, { cwd, env, failed }) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    timeout: 600_000,
  })
  if (error) throw new Error(`${failed}: ${error.message}`)
  if (status !== 0) throw new Error(`${failed}\n${lastLines(`${stdout}${stderr}`, 30)}`)
  return stdout
}
