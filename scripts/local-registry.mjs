import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

/**
 * Serves packed packages as a registry does, on the loopback interface: what npm, pnpm and yarn ask for under their scope. Gives `{ address, close }`.
 */
export async function serveRegistry(folder) {
  const tarballs = new Map()
  const packages = new Map()
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.tgz'))) {
    const bytes = readFileSync(join(folder, file))
    tarballs.set(`/${file}`, bytes)
    const json = spawnSync('tar', ['-xzOf', join(folder, file), 'package/package.json'], { encoding: 'utf8' })
    const manifest = JSON.parse(json.stdout)
    packages.set(manifest.name, { manifest, file, bytes })
  }
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url)
    const found = packages.get(path.slice(1))
    if (tarballs.has(path)) response.end(tarballs.get(path))
    else if (found) response.end(JSON.stringify(packument(found, `http://${request.headers.host}`)))
    else response.writeHead(404).end('{}')
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { address: `http://127.0.0.1:${server.address().port}/`, close, packages: [...packages.keys()] }
}

/** What a registry tells of a package that has one version. */
function packument({ manifest, file, bytes }, host) {
  const { name, version } = manifest
  const hash = (algorithm, encoding) => createHash(algorithm).update(bytes).digest(encoding)
  const dist = {
    tarball: `${host}/${file}`,
    shasum: hash('sha1', 'hex'),
    integrity: `sha512-${hash('sha512', 'base64')}`,
  }
  return {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, _id: `${name}@${version}`, dist } },
  }
}
