// Made of save-worker.ts by test/save-worker.test.ts; not to be changed by hand.
export const saveWorkerCode = `// src/save-worker.ts
import { parentPort, workerData } from "node:worker_threads";

// src/errors.ts
function fail(message, options) {
  throw new Error(\`[checkpointer] \${message}\`, options);
}
var FormatError = class extends Error {
};
function codeOf(error) {
  const { code } = error ?? {};
  return typeof code === "string" ? code : void 0;
}
function messageOf(error) {
  return (error instanceof Error ? error.message : String(error)).replace(/^\\[checkpointer\\] /, "");
}

// src/file-system.ts
import { constants, promises } from "node:fs";
var nodeFiles = {
  async open(path, mode) {
    const read = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
    const create = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    const handle = await promises.open(path, mode === "read" ? read : create);
    return {
      write: async (data, position) => (await handle.write(data, 0, data.byteLength, position)).bytesWritten,
      read: async (into, position) => (await handle.read(into, 0, into.byteLength, position)).bytesRead,
      sync: () => handle.sync(),
      close: () => handle.close()
    };
  },
  async lstat(path) {
    const stats = await promises.lstat(path);
    const kind = stats.isFile() ? "file" : stats.isDirectory() ? "folder" : stats.isSymbolicLink() ? "link" : "other";
    return { kind, size: stats.size };
  },
  readdir: (path) => promises.readdir(path),
  mkdir: (path) => promises.mkdir(path).then(() => void 0),
  rmdir: (path) => promises.rmdir(path),
  unlink: (path) => promises.unlink(path),
  rename: (from, to) => promises.rename(from, to),
  symlink: (target, path) => promises.symlink(target, path),
  readlink: (path) => promises.readlink(path),
  async syncFolder(path) {
    if (process.platform === "win32") return;
    const handle = await promises.open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
};
async function kindAt(files2, path) {
  try {
    return (await files2.lstat(path)).kind;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return void 0;
    throw error;
  }
}

// src/load-file-system.ts
async function loadFileSystem(from) {
  if (!from) return nodeFiles;
  const { createFileSystem } = await import(
    /* @vite-ignore */
    from.module
  );
  if (typeof createFileSystem !== "function")
    return fail(\`"\${from.module}" exports no function createFileSystem(options)\`);
  return createFileSystem(from.options);
}

// src/perform-save.ts
import { basename as basename4, dirname as dirname6 } from "node:path";

// src/link-last.ts
import { join as join4 } from "node:path";

// src/folders.ts
import { dirname, join } from "node:path";
var modelName = "model.safetensors";
var optimizerName = "optimizer.safetensors";
var trainerName = "trainer.json";
var manifestName = "manifest.json";
async function makeFolder(files2, path) {
  try {
    await files2.mkdir(path);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    if (codeOf(error) !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(files2, dirname(path));
    return makeFolder(files2, path);
  }
  await files2.syncFolder(dirname(path));
}
async function removeTree(files2, path) {
  const kind = await kindAt(files2, path);
  if (kind === void 0) return;
  try {
    if (kind !== "folder") return await files2.unlink(path);
    const names = await files2.readdir(path);
    for (const name of names.toSorted((a, b) => Number(b === manifestName) - Number(a === manifestName)))
      await removeTree(files2, join(path, name));
    await files2.rmdir(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}
async function namesIn(files2, path) {
  try {
    return (await files2.readdir(path)).toSorted();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}
async function looksLikeCheckpoint(files2, path) {
  const names = await namesIn(files2, path);
  return [modelName, optimizerName, trainerName, manifestName].some((name) => names.includes(name));
}

// src/hidden-names.ts
import { randomBytes } from "node:crypto";
import { basename, dirname as dirname2, join as join2 } from "node:path";

// src/checksum.ts
import { crc32 } from "node:zlib";
function addToChecksum(sum, data) {
  return crc32(data, sum);
}
function checksumText(sum) {
  return sum.toString(16).padStart(8, "0");
}
function checksumOf(text) {
  return checksumText(crc32(text));
}

// src/process-mark.ts
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
var machine;
var mark;
function processMark() {
  return mark ??= [markOfMachine(), digits(process.pid), checksumOf(startOf(process.pid) ?? "")].join("-");
}
function markOfMachine() {
  const id = () => textOf("/etc/machine-id") || textOf("/proc/sys/kernel/random/boot_id");
  return machine ??= checksumOf([hostname(), id(), namespaceOfNumbers()].join("\\n"));
}
function namespaceOfNumbers() {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
function startOf(pid) {
  const fields = textOf(\`/proc/\${pid}/stat\`).replace(/^.*\\) /s, "").split(" ");
  if (fields[0] === "Z") return "zombie";
  return fields[19] && \`\${textOf("/proc/sys/kernel/random/boot_id")} \${fields[19]}\`;
}
function textOf(path) {
  try {
    return readFileSync(path, "latin1").trim();
  } catch {
    return "";
  }
}
function digits(pid) {
  return pid.toString(16).padStart(8, "0");
}

// src/hidden-names.ts
function hiddenPath(path, kind, runId) {
  const marks = [kind, ownerOf(runId), processMark(), randomBytes(4).toString("hex")].join("-");
  return join2(dirname2(path), \`.\${basename(path)}.\${marks}\`);
}
function parseHiddenName(name) {
  const match = /^\\.(.+)\\.(new|old|gone|link)-([0-9a-f]{8})-([0-9a-f]{8}(?:-[0-9a-f]{8}){2})-[0-9a-f]{8}$/.exec(name);
  return match ? { name: match[1], kind: match[2], owner: match[3], process: match[4] } : void 0;
}
function ownerOf(runId) {
  return checksumOf(runId ?? "");
}

// src/read-file.ts
var chunkSize = 1 << 20;
async function readAll(file, into, position) {
  for (let done = 0; done < into.byteLength; ) {
    const came = await file.read(done === 0 ? into : into.subarray(done), position + done);
    if (came <= 0) throw new FormatError(\`ends after \${position + done} bytes\`);
    done += came;
  }
}
async function withFile(files2, path, use) {
  const { kind, size } = await files2.lstat(path);
  if (kind !== "file") throw new FormatError(\`is a \${kind}, not a file\`);
  const file = await files2.open(path, "read");
  try {
    return await use(file, size);
  } finally {
    await file.close();
  }
}

// src/typed-arrays.ts
var constructors = {
  Float64Array,
  Float32Array,
  BigInt64Array,
  BigUint64Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray
};
function arrayKind(value) {
  if (!ArrayBuffer.isView(value)) return void 0;
  const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
  return kind in constructors ? kind : void 0;
}

// src/tree-codec.ts
var deepest = 500;
function encodeTree(tree, place, path = []) {
  if (tree === null || typeof tree === "string" || typeof tree === "boolean") return tree;
  if (typeof tree === "number")
    return Number.isFinite(tree) && !Object.is(tree, -0) ? tree : { $number: Object.is(tree, -0) ? "-0" : String(tree) };
  if (path.length > deepest)
    fail(\`a state may have \${deepest} levels; this one has more, or it contains itself\`);
  if (arrayKind(tree)) return place(tree, path, [tree.length]);
  if (Array.isArray(tree)) return Array.from(tree, (item, i) => encodeTree(item, place, [...path, String(i)]));
  if (Object.prototype.toString.call(tree) !== "[object Object]")
    fail(
      \`the state at "\${path.join(".")}" is \${what(tree)}; a state holds numbers, strings, booleans, null, typed arrays, lists and plain objects\`
    );
  const record = tree;
  const entries = Object.entries(record).filter(([, value]) => value !== void 0);
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const shape = key === "data" ? shapeOf(record) : void 0;
      const encoded = shape ? place(value, path, shape) : encodeTree(value, place, [...path, key]);
      return [key.startsWith("$") ? \`$\${key}\` : key, encoded];
    })
  );
}
function shapeOf({ shape, data }) {
  if (!arrayKind(data) || !Array.isArray(shape)) return void 0;
  const isShape = shape.every((length) => Number.isSafeInteger(length) && length >= 0);
  const size = shape.reduce((product, length) => product * length, 1);
  return isShape && size === data.length ? shape : void 0;
}
function what(value) {
  if (typeof value === "object") return Object.prototype.toString.call(value).slice("[object ".length, -1);
  return value === void 0 ? "undefined" : \`a \${typeof value}\`;
}
function encodePlain(tree) {
  return encodeTree(tree, (_, path) => fail(\`"\${path.join(".")}" must not be a typed array\`));
}

// src/manifest.ts
function manifestText(manifest) {
  const lines = JSON.stringify(encodePlain(manifest), null, 2).slice(0, -"\\n}".length);
  const body = lines.replaceAll(/\\[\\n[\\d,\\s]+\\]/g, (shape) => shape.replaceAll(/\\s+/g, " "));
  return \`\${body},
  "self": "\${checksumOf(body)}"
}
\`;
}
function isPlainName(name) {
  return /^[^/\\\\\\0]+$/.test(name) && name !== "." && name !== "..";
}

// src/publish.ts
import { dirname as dirname4 } from "node:path";

// src/remove-checkpoint.ts
import { basename as basename2, dirname as dirname3, join as join3 } from "node:path";
async function tryToRemove(files2, path, note) {
  const failed = await remove(files2, path);
  if (failed) note(notDeleted(failed.path, failed.message));
}
function notDeleted(path, message) {
  const advice = \`nothing is lost, and it is tried again; if "\${path}" stays, look at its permissions, or delete it yourself\`;
  return { path, message: \`\${message}; \${advice}\` };
}
async function remove(files2, path) {
  const hidden = parseHiddenName(basename2(path));
  const isGone = hidden?.kind === "gone";
  const gone = isGone ? path : hiddenPath(join3(dirname3(path), hidden?.name ?? basename2(path)), "gone", null);
  let left = path;
  try {
    if (!isGone) await files2.rename(path, gone);
    left = gone;
    await files2.syncFolder(dirname3(path));
    await removeTree(files2, gone);
    return void 0;
  } catch (error) {
    if (!isGone && left === path && codeOf(error) === "ENOENT") return void 0;
    const message = \`checkpoint "\${path}" could not be deleted: \${messageOf(error)}\`;
    return { path: left, message, cause: error };
  }
}

// src/publish.ts
async function publish(files2, hidden, path, runId, note) {
  const [mine, there] = [await kindAt(files2, hidden), await kindAt(files2, path)];
  await checkReplaceable(files2, path, there, mine);
  const inPlace = there !== void 0 && there !== "folder" && mine !== "folder";
  const aside = there === void 0 || inPlace ? void 0 : hiddenPath(path, "old", runId);
  if (aside) await files2.rename(path, aside);
  try {
    await files2.rename(hidden, path);
    await files2.syncFolder(dirname4(path));
  } catch (error) {
    if (!inPlace) await withdraw(files2, hidden, path, aside).catch(() => void 0);
    throw error;
  }
  if (!aside) return;
  await removeTree(files2, aside).catch(
    (error) => note(notDeleted(aside, \`what "\${path}" has replaced could not be deleted: \${messageOf(error)}\`))
  );
}
async function checkReplaceable(files2, path, there, mine) {
  if (there === void 0 || there === "link") return;
  const isAlike = mine === "file" ? there === "file" : there === "folder" && (await looksLikeCheckpoint(files2, path) || (await namesIn(files2, path)).length === 0);
  if (!isAlike) fail(\`"\${path}" is a \${there} that would be lost; choose another name, or move it away\`);
}
async function withdraw(files2, hidden, path, aside) {
  if (await kindAt(files2, hidden) === void 0) await files2.rename(path, hidden);
  if (aside) await files2.rename(aside, path);
}

// src/write-file.ts
var chunkSize2 = 1 << 20;
async function writeFile(files2, path, parts) {
  try {
    const file = await files2.open(path, "create");
    try {
      const record = await writeParts(file, parts);
      await file.sync();
      return record;
    } finally {
      await file.close();
    }
  } catch (error) {
    return fail(\`cannot write "\${path}": \${messageOf(error)}\`, { cause: error });
  }
}
async function writeParts(file, parts) {
  let size = 0;
  let sum = 0;
  for (const chunk of chunks(parts)) {
    const written = writeAll(file, chunk, size);
    sum = addToChecksum(sum, chunk);
    await written;
    size += chunk.byteLength;
  }
  return { size, crc32: checksumText(sum) };
}
async function writeAll(file, data, position) {
  for (let done = 0; done < data.byteLength; ) {
    const taken = await file.write(done === 0 ? data : data.subarray(done), position + done);
    if (taken <= 0) throw new Error(\`the file takes no more than \${position + done} bytes\`);
    done += taken;
  }
}
function* chunks(parts) {
  const total = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const gathered = new Uint8Array(Math.min(chunkSize2, total));
  let filled = 0;
  for (const part of parts) {
    if (filled > 0 && filled + part.byteLength > chunkSize2) {
      yield gathered.subarray(0, filled);
      filled = 0;
    }
    if (part.byteLength < chunkSize2) {
      gathered.set(part, filled);
      filled += part.byteLength;
    } else
      for (let start = 0; start < part.byteLength; start += chunkSize2)
        yield part.subarray(start, start + chunkSize2);
  }
  if (filled > 0) yield gathered.subarray(0, filled);
}

// src/link-last.ts
var noLinks = /* @__PURE__ */ new Set(["EPERM", "ENOSYS", "EOPNOTSUPP", "ENOTSUP"]);
async function putLink(files2, folder, name, link, runId, note) {
  for (const part of [name, link])
    if (!isPlainName(part))
      fail(\`a link and what it leads to must be names in the same folder, not "\${part}"\`);
  const path = join4(folder, link);
  if (name === link) fail(\`"\${path}" cannot be a link to itself\`);
  const hidden = hiddenPath(path, "link", runId);
  try {
    await files2.symlink(name, hidden).catch((error) => {
      if (!noLinks.has(codeOf(error) ?? "")) throw error;
      return copyCheckpoint(files2, join4(folder, name), hidden);
    });
    await publish(files2, hidden, path, runId, note);
  } catch (error) {
    await removeTree(files2, hidden).catch(() => void 0);
    fail(\`"\${path}" could not be made a link to "\${name}": \${messageOf(error)}\`, { cause: error });
  }
}
async function copyCheckpoint(files2, from, to) {
  await files2.mkdir(to);
  const names = await files2.readdir(from);
  for (const name of names.toSorted((a, b) => Number(a === manifestName) - Number(b === manifestName)))
    if (await kindAt(files2, join4(from, name)) === "file")
      await copyFile(files2, join4(from, name), join4(to, name));
  await files2.syncFolder(to);
}
async function copyFile(files2, from, to) {
  await withFile(files2, from, async (source, size) => {
    const target = await files2.open(to, "create");
    try {
      const buffer = new Uint8Array(Math.min(1 << 20, size));
      for (let position = 0; position < size; position += buffer.byteLength) {
        const chunk = buffer.subarray(0, size - position);
        await readAll(source, chunk, position);
        await writeAll(target, chunk, position);
      }
      await target.sync();
    } finally {
      await target.close();
    }
  });
}

// src/write-checkpoint.ts
import { basename as basename3, dirname as dirname5, join as join5 } from "node:path";
async function writePrepared(files2, path, prepared, note) {
  checkPath(path);
  const { runId } = prepared.manifest;
  const hidden = hiddenPath(path, "new", runId);
  try {
    await makeFolder(files2, dirname5(path));
    await files2.mkdir(hidden);
    const records = {};
    for (const { name, parts } of prepared.files)
      records[name] = await writeFile(files2, join5(hidden, name), parts);
    const manifest = { ...prepared.manifest, files: records };
    await writeFile(files2, join5(hidden, manifestName), [new TextEncoder().encode(manifestText(manifest))]);
    await files2.syncFolder(hidden);
    await publish(files2, hidden, path, runId, note);
    return manifest;
  } catch (error) {
    await removeTree(files2, hidden).catch(() => void 0);
    return fail(\`checkpoint "\${path}" could not be saved: \${messageOf(error)}\`, { cause: error });
  }
}
function checkPath(path) {
  if (!/^[^.]/.test(basename3(path)))
    fail(\`a checkpoint's name must not be empty or begin with a dot, as in "\${path}"\`);
}

// src/perform-save.ts
async function performSave(files2, { path, prepared, link, remove: remove2 }) {
  const notDeleted2 = [];
  const note = (left) => void notDeleted2.push(left);
  const manifest = await writePrepared(files2, path, prepared, note);
  if (link !== void 0) await putLink(files2, dirname6(path), basename4(path), link, manifest.runId, note);
  for (const old of remove2) await tryToRemove(files2, old, note);
  return { manifest, notDeleted: notDeleted2 };
}

// src/save-worker.ts
var files = loadFileSystem(workerData.files);
files.catch(() => void 0);
parentPort.on("message", async (save) => {
  let reply;
  try {
    reply = { saved: await performSave(await files, save) };
  } catch (error) {
    reply = { error: { message: messageOf(error), code: rootCode(error) } };
  }
  parentPort.postMessage(reply);
});
function rootCode(error) {
  return codeOf(error) ?? (error instanceof Error && error.cause ? rootCode(error.cause) : void 0);
}`
