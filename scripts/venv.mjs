// Pythons for what is compared with Python. Nothing of Trainyard itself needs one.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const venvs = fileURLToPath(new URL('../.interop/venvs', import.meta.url))

/** The Python that makes environments: the program named by TRAINYARD_PYTHON, or `python3`. */
const basePython = process.env.TRAINYARD_PYTHON || 'python3'

/**
 * Gives a Python that has these packages: that of TRAINYARD_PYTHON, or of the system, if it has them, else
 * that of an environment under `.interop`, which is made if it is not there.
 * @throws as `makeVenv`.
 */
export function pythonWith(packages, options) {
  if (hasPackages(basePython, packages)) return basePython
  return makeVenv(join(venvs, packages.join('+').replaceAll(/[^\w.+-]/g, '_')), packages, options)
}

/**
 * Makes a virtual environment with these packages, or takes the one that is there, and gives the path of its
 * Python. `noDeps` leaves out what the packages depend on, where only their files are needed.
 * @throws an error that says what is missing: Python, its venv, or a package.
 */
export function makeVenv(folder, packages, { noDeps = false, seconds = 1200 } = {}) {
  const python = join(folder, 'bin/python')
  const complete = join(folder, 'complete')
  if (existsSync(complete)) return python
  rmSync(folder, { recursive: true, force: true })
  run(basePython, ['-m', 'venv', folder], 120, {
    missing: `${basePython} was not found: install Python 3, or name one with TRAINYARD_PYTHON`,
    failed: `${basePython} cannot make virtual environments (Debian and Ubuntu: apt install python3-venv)`,
  })
  const install = ['-m', 'pip', 'install', '--quiet', '--retries', '0', ...(noDeps ? ['--no-deps'] : [])]
  run(python, [...install, ...packages], seconds, {
    missing: `${python} was not found, although the environment was made`,
    failed: `pip cannot install ${packages.join(' ')}: there may be no wheel for this Python, or no network`,
  })
  writeFileSync(complete, '')
  return python
}

/** Gives the folder that the Python of a virtual environment has its packages in. */
export function sitePackages(folder) {
  const version = readdirSync(join(folder, 'lib')).find((name) => name.startsWith('python'))
  return join(folder, 'lib', version, 'site-packages')
}

function hasPackages(python, packages) {
  // Without what may stand behind the name: `torch>=2`, `wandb[media]`.
  const names = packages.map((name) => /^[\w.-]+/.exec(name)[0])
  const program =
    'import sys; from importlib.metadata import version; [version(name) for name in sys.argv[1:]]'
  return spawnSync(python, ['-c', program, ...names], { timeout: 60_000 }).status === 0
}

function run(command, args, seconds, { missing, failed }) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: 1000 * seconds,
    killSignal: 'SIGKILL',
  })
  if (error?.code === 'ENOENT') throw new Error(missing)
  if (error?.code === 'ETIMEDOUT') throw new Error(`${failed} (not done after ${seconds} s)`)
  if (error) throw error
  if (status !== 0) throw new Error(`${failed}\n${lastLines(`${stdout}${stderr}`)}`)
}

/** Gives the end of what a program printed: there stands what went wrong. */
export function lastLines(text, count = 12) {
  return text
    .trimEnd()
    .split('\n')
    .slice(-count)
    .map((line) => `  ${line}`)
    .join('\n')
}
