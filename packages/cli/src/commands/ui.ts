import { spawn } from 'node:child_process'
import { defineCommand } from '../command.ts'
import { fail, failUsage } from '../errors.ts'
import { wholeNumber } from '../parse-arguments.ts'
import { startViewer } from '../viewer/start-viewer.ts'

export const ui = defineCommand({
  summary: 'shows the runs in a page, live, until Ctrl-C',
  usage: '',
  details: `Prints the address of the page. It answers to this machine only; with --host others can see the runs, too, so think
of who they are. What is behind the # of the address allows to write notes and tags: keep it to yourself.`,
  examples: ['ui', 'ui --open', 'ui --logs /data/runs --port 8080 --read-only'],
  options: {
    port: {
      type: 'string',
      valueHint: 'number',
      description: 'the port (default: 6007, or the next one free)',
    },
    host: { type: 'string', valueHint: 'address', description: 'to whom it answers (default: 127.0.0.1)' },
    open: { type: 'boolean', description: 'opens the page in a browser' },
    'read-only': { type: 'boolean', description: 'nobody can write notes or tags' },
  },
  async run({ folder, words, options, output, host }) {
    if (words.length > 0) failUsage('ui shows all runs; the filter is in the page')
    const port = options.port === undefined ? undefined : wholeNumber('port', options.port, 0, 65_535)
    const viewer = await startViewer({
      folder,
      ...(port !== undefined && { port }),
      ...(options.host !== undefined && { host: options.host }),
      readOnly: options['read-only'],
    }).catch((error: unknown) => explain(error, options.port, options.host))
    try {
      if (output.format === 'json') output.json({ url: viewer.url })
      else output.write(`${viewer.url}\n`)
      if (options.host !== undefined && !/^(127\.|localhost$|::1$)/.test(options.host))
        output.warn('whoever can reach this machine can see the runs')
      output.remark('Ctrl-C ends it')
      if (options.open) openPage(viewer.url, () => output.warn('no browser could be started'))
      await host.untilInterrupted()
    } finally {
      await viewer.close()
    }
  },
})

/** Says which option another value would help for. */
function explain(error: unknown, port: string | undefined, host: string | undefined): never {
  const { code } = error as NodeJS.ErrnoException
  if (port !== undefined && (code === 'EADDRINUSE' || code === 'EACCES'))
    fail(
      `port ${port} ${code === 'EACCES' ? 'needs more rights' : 'is taken'}; --port 0 takes one that is free`,
    )
  if (host !== undefined && (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL'))
    fail(`--host must be an address of this machine, not ${host}`)
  throw error
}

/** Opens an address in the browser of the person at this machine. */
function openPage(url: string, onError: () => void): void {
  const openers: Readonly<Record<string, readonly [string, ...string[]]>> = {
    darwin: ['open'],
    win32: ['rundll32', 'url.dll,FileProtocolHandler'],
  }
  const [program, ...args] = openers[process.platform] ?? ['xdg-open']
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true })
  child.once('error', onError)
  child.unref()
}
