import { type Draw, drawFrom } from './draw.ts'

// A folder's names and a file's bytes exist twice: as programs see them, and as they are on the disk. Only a sync brings the first to the second for
// sure; before it, any part of them may be there or not, as POSIX permits.

interface File {
  readonly kind: 'file'
  data: Uint8Array
  durable: Uint8Array
}

interface Link {
  readonly kind: 'link'
  readonly target: string
}

interface Folder {
  readonly kind: 'folder'
  names: Map<string, Node>
  durable: Map<string, Node>
  /** What was done to the names since the last sync, each of it at once. */
  changes: Change[]
}

type Node = File | Link | Folder

interface Change {
  readonly remove?: string
  readonly add?: readonly [name: string, node: Node]
}

/**
 * A file system in memory that can lose its power. It behaves as Linux does, as far as names, files and links go, and forgets what no `sync` made
 * durable.
 */
export class MemoryFileSystem {
  #root: Folder = emptyFolder()

  async open(path: string, mode: 'read' | 'create'): Promise<MemoryFile> {
    const { folder, name } = this.#place(path)
    let file = folder.names.get(name)
    if (mode === 'create') {
      if (file) throw systemError('EEXIST', 'open', path)
      file = { kind: 'file', data: new Uint8Array(0), durable: new Uint8Array(0) }
      change(folder, { add: [name, file] })
    }
    if (!file) throw systemError('ENOENT', 'open', path)
    if (file.kind !== 'file') throw systemError(file.kind === 'link' ? 'ELOOP' : 'EISDIR', 'open', path)
    return openFile(file)
  }

  async lstat(path: string): Promise<{ kind: Node['kind']; size: number }> {
    const node = this.#node(path, 'lstat')
    return { kind: node.kind, size: node.kind === 'file' ? node.data.byteLength : 0 }
  }

  async readdir(path: string): Promise<string[]> {
    return [...this.#folder(path, 'readdir').names.keys()]
  }

  async mkdir(path: string): Promise<void> {
    const { folder, name } = this.#place(path)
    if (name === '' || folder.names.has(name)) throw systemError('EEXIST', 'mkdir', path)
    change(folder, { add: [name, emptyFolder()] })
  }

  async rmdir(path: string): Promise<void> {
    if (this.#folder(path, 'rmdir').names.size > 0) throw systemError('ENOTEMPTY', 'rmdir', path)
    const { folder, name } = this.#place(path)
    change(folder, { remove: name })
  }

  async unlink(path: string): Promise<void> {
    if (this.#node(path, 'unlink').kind === 'folder') throw systemError('EISDIR', 'unlink', path)
    const { folder, name } = this.#place(path)
    change(folder, { remove: name })
  }

  async rename(from: string, to: string): Promise<void> {
    const node = this.#node(from, 'rename')
    const [source, target] = [this.#place(from), this.#place(to)]
    if (source.folder !== target.folder) throw new Error('[testing] this model renames only within a folder')
    const there = target.folder.names.get(target.name)
    if (there && (there.kind === 'folder') !== (node.kind === 'folder'))
      throw systemError(there.kind === 'folder' ? 'EISDIR' : 'ENOTDIR', 'rename', to)
    if (there?.kind === 'folder' && there.names.size > 0) throw systemError('ENOTEMPTY', 'rename', to)
    change(source.folder, { remove: source.name, add: [target.name, node] })
  }

  async symlink(target: string, path: string): Promise<void> {
    const { folder, name } = this.#place(path)
    if (folder.names.has(name)) throw systemError('EEXIST', 'symlink', path)
    change(folder, { add: [name, { kind: 'link', target }] })
  }

  async readlink(path: string): Promise<string> {
    const node = this.#node(path, 'readlink')
    if (node.kind !== 'link') throw systemError('EINVAL', 'readlink', path)
    return node.target
  }

  async syncFolder(path: string): Promise<void> {
    const folder = this.#folder(path, 'fsync')
    folder.durable = new Map(folder.names)
    folder.changes = []
  }

  /**
   * Gives what is left after a power loss, as a file system of its own. Which of the changes that no sync has made durable are there all the same, and
   * what a file has in place of bytes that did not arrive, is drawn from the seed; the first seeds stand for the cases that are worst as a rule.
   */
  powerLoss(seed: number): MemoryFileSystem {
    const left = new MemoryFileSystem()
    left.#root = survivor(this.#root, drawFrom(seed), 0, new Map()) as Folder
    return left
  }

  #node(path: string, call: string): Node {
    const { folder, name } = this.#place(path)
    const node = name === '' ? folder : folder.names.get(name)
    if (!node) throw systemError('ENOENT', call, path)
    return node
  }

  #folder(path: string, call: string): Folder {
    const node = this.#node(path, call)
    if (node.kind !== 'folder') throw systemError('ENOTDIR', call, path)
    return node
  }

  #place(path: string): { folder: Folder; name: string } {
    const names = path.split('/').filter(Boolean)
    const name = names.pop() ?? ''
    let folder = this.#root
    for (const part of names) {
      const node = folder.names.get(part)
      if (!node) throw systemError('ENOENT', 'open', path)
      if (node.kind !== 'folder') throw systemError('ENOTDIR', 'open', path)
      folder = node
    }
    return { folder, name }
  }
}

/** A file of a `MemoryFileSystem` that is open. */
export interface MemoryFile {
  write(data: Uint8Array, position: number): Promise<number>
  read(into: Uint8Array, position: number): Promise<number>
  sync(): Promise<void>
  close(): Promise<void>
}

function openFile(file: File): MemoryFile {
  return {
    async write(data, position) {
      const size = Math.max(file.data.byteLength, position + data.byteLength)
      const grown = new Uint8Array(size)
      grown.set(file.data)
      grown.set(data, position)
      file.data = grown
      return data.byteLength
    },
    async read(into, position) {
      const chunk = file.data.subarray(position, position + into.byteLength)
      into.set(chunk)
      return chunk.byteLength
    },
    async sync() {
      file.durable = file.data.slice()
    },
    async close() {},
  }
}

function emptyFolder(): Folder {
  return { kind: 'folder', names: new Map(), durable: new Map(), changes: [] }
}

function change(folder: Folder, done: Change): void {
  apply(folder.names, done)
  folder.changes.push(done)
}

function apply(names: Map<string, Node>, { remove, add }: Change): void {
  if (remove !== undefined) names.delete(remove)
  if (add) names.set(...add)
}

/** Gives what is on the disk of a node; everything that is left is durable. */
function survivor(node: Node, draw: Draw, depth: number, done: Map<Node, Node>): Node {
  const known = done.get(node)
  if (known || node.kind === 'link') return known ?? node
  if (node.kind === 'file') {
    const data = draw.bytes(node.durable, node.data)
    const file: File = { kind: 'file', data, durable: data.slice() }
    done.set(node, file)
    return file
  }
  const names = new Map(node.durable)
  for (const one of draw.changes(node.changes, depth)) apply(names, one)
  const folder = emptyFolder()
  done.set(node, folder)
  for (const [name, child] of names) folder.names.set(name, survivor(child, draw, depth + 1, done))
  folder.durable = new Map(folder.names)
  return folder
}

function systemError(code: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code })
}
