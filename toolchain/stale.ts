// Decides what has to be made again: each step of the build leaves a stamp with the hash of every file that it read or
// wrote.
//
// A step is fresh if its key (flags, versions, its own code) is the same, every file that it read last time
// still has the same content (or still does not exist: a compiler looks for files in several places, and a new file
// can shadow another), and its outputs are unchanged. Time stamps do not matter, because a checkout, a copy or a
// restored cache on CI changes them.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { listFiles } from "../host/files.ts";
import { list, nullable, number, object, pair, readJson, type Shape, text } from "../host/json.ts";

/** Increased when the format of the stamp file changes. Older stamps are then ignored. */
const STAMP_VERSION = 1;

/** A path below the root and the SHA-256 (hex) of its content, or null where there is no file. */
export type Hashed = readonly [path: string, hash: string | null];

interface Stamp {
  readonly key: string;
  readonly reads: readonly Hashed[];
  readonly writes: readonly Hashed[];
}

/** One step of the build. All paths are relative to the root. */
export interface Step {
  /** The stamp's name: unique, and the same in each build. */
  readonly name: string;
  /** Everything beside files that decides the output: flags, versions. It is compared as JSON. */
  readonly key: unknown;
  /** Files that the step is known to read. */
  readonly reads: readonly string[];
  /** Files that the step writes. */
  readonly writes: readonly string[];
  /** Does the step. May give more paths that it looked for, found or not. */
  readonly run: () => Promise<Iterable<string> | undefined>;
}

/** Runs the steps that are stale, and remembers the files that they read and wrote. */
export class Stamps {
  readonly #root: string;
  readonly #file: string;
  readonly #stamps: Map<string, Stamp>;
  readonly #hashes = new Map<string, string | null>();
  #changed = false;

  /** @param file the stamp file, relative to the root; a file that cannot be read counts as empty */
  constructor(root: string, file: string) {
    this.#root = root;
    this.#file = join(root, file);
    this.#stamps = readStamps(this.#file);
  }

  /** Runs `step` if it is stale. True if it ran. */
  async run(step: Step): Promise<boolean> {
    const key = JSON.stringify([step.key, step.reads, step.writes]);
    const stamp = this.#stamps.get(step.name);
    if (stamp?.key === key && [...stamp.reads, ...stamp.writes].every((file) => this.#same(file))) {
      return false;
    }

    // The stamp is removed on disk as well: a failed step must not look done to the next build.
    if (this.#stamps.delete(step.name)) {
      this.#changed = true;
      this.save();
    }
    for (const path of step.writes) {
      mkdirSync(dirname(join(this.#root, path)), { recursive: true });
    }
    const before = step.reads.map((path) => this.#hashed(path));
    const further = (await step.run()) ?? [];
    for (const path of step.writes) {
      this.#hashes.delete(path);
    }
    const reads = [...before, ...[...further].map((path) => this.#hashed(path))];
    this.#stamps.set(step.name, { key, reads, writes: step.writes.map((path) => this.#hashed(path)) });
    this.#changed = true;
    this.save();
    return true;
  }

  /** One hash over every file below the folders, for the key of a step whose code these files are. */
  hashFolders(...folders: readonly string[]): string {
    const files = folders.flatMap((folder) => listFiles(this.#root, folder));
    return hashBytes(JSON.stringify(files.map((path) => this.#hashed(path))));
  }

  /** The hash of a file's content (hex), or null if there is no file. Each file is read once in a build. */
  hash(path: string): string | null {
    let hash = this.#hashes.get(path);
    if (hash === undefined) {
      hash = hashFile(join(this.#root, path));
      this.#hashes.set(path, hash);
    }
    return hash;
  }

  /** Writes the stamps, if one has changed. So an interrupted build keeps its finished steps. */
  save(): void {
    if (!this.#changed) {
      return;
    }
    mkdirSync(dirname(this.#file), { recursive: true });
    const draft = `${this.#file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify({ version: STAMP_VERSION, stamps: [...this.#stamps] }));
    renameSync(draft, this.#file);
    this.#changed = false;
  }

  #hashed(path: string): Hashed {
    return [path, this.hash(path)];
  }

  #same([path, hash]: Hashed): boolean {
    return this.hash(path) === hash;
  }
}

const hashedFiles: Shape<Hashed[]> = list(pair(text, nullable(text)));
const stampFile = object({
  version: number,
  stamps: list(pair(text, object({ key: text, reads: hashedFiles, writes: hashedFiles }))),
});

/** The stamps of the last build. If the file cannot be read, everything is made again. */
function readStamps(file: string): Map<string, Stamp> {
  try {
    const { version, stamps } = readJson(readFileSync(file, "utf8"), file, stampFile);
    return new Map(version === STAMP_VERSION ? stamps : []);
  } catch {
    return new Map();
  }
}

function hashBytes(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function hashFile(path: string): string | null {
  try {
    return hashBytes(readFileSync(path));
  } catch {
    return null;
  }
}
