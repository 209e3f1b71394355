// Hashes of files that need not be read again: a file is read when the file system says that it is another one.
//
// Contents decide what is stale, but reading all of them takes longer than everything else of a build with nothing to
// do. So the hash of a file is kept with its identity: device, inode, size and both times. Only a file whose identity is
// exactly the same is not read. Writing changes the time of the last change (ctime), which no program can set back; a
// copy, a checkout or a restored cache changes the inode as well. They are then read, and have the hash that they had.
//
// Two writes within one tick of the file system's clock leave the same times. So a file that has changed within the last
// SETTLED_MILLISECONDS is not kept, and the next build reads it again.
//
// It is plain JavaScript because tools/nx/launch.js uses it, before anything is compiled.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Increased when the format of the file changes. */
const VERSION = 1;
/** The coarsest clock of a file system that we expect: FAT's, two seconds. */
const SETTLED_MILLISECONDS = 2500;

export class KnownHashes {
  #root;
  #file;
  /** By path: the identity and the hash that belongs to it, as the last build left them. */
  #known;
  /** By path: the hash, or null if there is no file. Each file is looked at once. */
  #hashes = new Map();
  #changed = false;

  constructor(root, file) {
    this.#root = root;
    this.#file = join(root, file);
    this.#known = readKnown(this.#file);
  }

  hash(path) {
    let hash = this.#hashes.get(path);
    if (hash === undefined) {
      hash = this.#look(path);
      this.#hashes.set(path, hash);
    }
    return hash;
  }

  forget(path) {
    this.#hashes.delete(path);
  }

  save() {
    if (!this.#changed) {
      return;
    }
    const draft = `${this.#file}.${process.pid}`;
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(draft, JSON.stringify({ version: VERSION, files: [...this.#known] }));
    renameSync(draft, this.#file);
    this.#changed = false;
  }

  #look(path) {
    const file = join(this.#root, path);
    // Asked before the file is read: what is written in between then has another identity.
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) {
      return null;
    }
    const identity = `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    const known = this.#known.get(path);
    if (known !== undefined && known[0] === identity) {
      return known[1];
    }
    const hash = readHash(file);
    const isSettled = Math.max(stat.mtimeMs, stat.ctimeMs) < Date.now() - SETTLED_MILLISECONDS;
    if (hash !== null && isSettled) {
      this.#known.set(path, [identity, hash]);
      this.#changed = true;
    }
    return hash;
  }
}

export function hashBytes(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

function readHash(file) {
  try {
    return hashBytes(readFileSync(file));
  } catch {
    return null;
  }
}

/** What the last build left. A file that cannot be read, or has another form, counts as empty. */
function readKnown(file) {
  try {
    const { version, files } = JSON.parse(readFileSync(file, "utf8"));
    return new Map(version === VERSION && files.every(isEntry) ? files : []);
  } catch {
    return new Map();
  }
}

function isEntry([path, entry]) {
  return typeof path === "string" && typeof entry[0] === "string" && typeof entry[1] === "string";
}
