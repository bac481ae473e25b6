import { readFileSync } from 'node:fs'
import { HttpError } from './respond.ts'

/** Where the page is, which was built with the package: beside the built program, or where the sources are run, in `dist`. */
const places = ['./page/', '../../../dist/page/']

/** Reads a file of the page. */
export function readPageFile(name: 'page.js' | 'page.css'): string {
  for (const place of places) {
    try {
      return readFileSync(new URL(place + name, import.meta.url), 'utf8')
    } catch {
      // The next one.
    }
  }
  throw new HttpError(500, `the page has not been built: ${name} is missing; pnpm build makes it`)
}

/** Makes the document of the page. */
export function pageDocument(head: string, body = ''): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Trainyard</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M1 13 6 7l3 3 6-8' fill='none' stroke='%230969da' stroke-width='2'/%3E%3C/svg%3E">
${head}
</head>
<body><div id="app"></div>${body}</body>
</html>
`
}
