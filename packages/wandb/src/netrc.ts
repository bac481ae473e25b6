import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Looks up the password of a host in `~/.netrc` (`~/_netrc`, or the file that `NETRC` names), where `wandb login` puts API keys.
 * @param host With the port, if it is not the usual one.
 */
export function netrcPassword(host: string, env: Environment): string | undefined {
  const home = env['HOME'] ?? env['USERPROFILE'] ?? ''
  const files = env['NETRC'] ? [env['NETRC']] : [join(home, '.netrc'), join(home, '_netrc')]
  for (const file of files) {
    const text = readIfThere(file)
    if (text !== undefined) return passwordIn(text, host)
  }
  return undefined
}

function passwordIn(text: string, host: string): string | undefined {
  const tokens = text.replaceAll(/^\s*#.*$/gm, '').match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []
  let applies = false
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]
    if (token === 'machine') applies = unquoted(tokens[++i]) === host
    else if (token === 'default') applies = true
    else if (token === 'password') {
      const password = unquoted(tokens[++i])
      if (applies && password) return password
    } else if (token === 'login' || token === 'account') i++
  }
  return undefined
}

function unquoted(token: string | undefined): string | undefined {
  return token?.startsWith('"') ? token.slice(1, -1).replaceAll(/\\(.)/g, '$1') : token
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
