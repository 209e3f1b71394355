// Decides what has to be made again: each step of the build leaves a stamp with the hash of every file that it read or
// wrote.
//
// A step is fresh if its key (flags, versions, its own code) is the same, every file that it read last time
// still has the same content (or still does not exist: a compiler looks for files in several places, and a new file
// can shadow another), and its outputs are unchanged. Time stamps do not matter, because a checkout, a copy or a
// restored cache on CI changes them; they only tell which files need not be read (host/known-hashes.js).
//
// Builds of other kinds have output folders of their own, and most of their steps read the same. So a stale step first
// looks whether another folder has a stamp with the same key and the same contents of all files, and then copies what
// that step wrote. For this, a path in the output folder counts as the same path in the other one.

import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { listFiles } from "../host/files.ts";
import { list, nullable, number, object, pair, readJson, type Shaped, text } from "../host/json.ts";
import { hashBytes, KnownHashes } from "../host/known-hashes.js";

const STAMP_FILE = "stamps.json";
const KNOWN_FILE = "stamps.known.json";

/** Increased when the format of the stamp file changes. Older stamps are then ignored. */
const STAMP_VERSION = 3;

/** A build that is interrupted loses the stamps of this time. Writing them after each step takes a clean build longer. */
const SAVE_MILLISECONDS = 250;

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
  /**
   * Everything beside files that decides the output: flags, versions. It is compared as JSON, also between output
   * folders: a step whose output depends on the folder's name has the name in its key.
   */
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
  readonly #out: string;
  readonly #file: string;
  readonly #stamps: Map<string, Stamp>;
  readonly #others: readonly string[];
  /** The stamps of the other folders, read when the first step is stale. */
  #otherStamps: readonly (readonly [out: string, stamps: ReadonlyMap<string, Stamp>])[] | undefined;
  readonly #known: KnownHashes;
  readonly #folders = new Map<string, string>();
  #changed = false;
  #saved = Number.NEGATIVE_INFINITY;

  /**
   * @param out the output folder, relative to the root; its stamp file counts as empty if it cannot be read
   * @param others the output folders of builds of other kinds
   */
  constructor(root: string, out: string, others: readonly string[] = []) {
    this.#root = root;
    this.#out = out;
    this.#others = others;
    this.#file = join(root, out, STAMP_FILE);
    this.#stamps = readStamps(this.#file);
    this.#known = new KnownHashes(root, `${out}/${KNOWN_FILE}`);
  }

  /** Runs `step` if it is stale. True if there was something to do. */
  async run(step: Step): Promise<boolean> {
    const inFolder = (paths: readonly string[]): string[] => paths.map((path) => moved(path, this.#out, ""));
    const key = JSON.stringify([step.key, inFolder(step.reads), inFolder(step.writes)]);
    const stamp = this.#stamps.get(step.name);
    if (stamp?.key === key && [...stamp.reads, ...stamp.writes].every((file) => this.#same(file))) {
      return false;
    }

    this.#changed = this.#stamps.delete(step.name) || this.#changed;
    for (const path of step.writes) {
      mkdirSync(dirname(join(this.#root, path)), { recursive: true });
    }
    const before = step.reads.map((path) => this.#hashed(path));
    const further = this.#copied(step, key) ?? (await this.#do(step));
    for (const path of step.writes) {
      this.#known.forget(path);
    }
    const reads = [...before, ...[...further].map((path) => this.#hashed(path))];
    this.#stamps.set(step.name, { key, reads, writes: step.writes.map((path) => this.#hashed(path)) });
    this.#changed = true;
    if (performance.now() - this.#saved > SAVE_MILLISECONDS) {
      this.save();
    }
    return true;
  }

  /** Copies what the same step has written in another folder. Gives what it read, or undefined if there is none. */
  #copied(step: Step, key: string): string[] | undefined {
    this.#otherStamps ??= this.#others.map((out) => [out, readStamps(join(this.#root, out, STAMP_FILE))]);
    for (const [out, stamps] of this.#otherStamps) {
      const stamp = stamps.get(step.name);
      const reads = stamp?.reads.map(([path, hash]): Hashed => [moved(path, out, this.#out), hash]) ?? [];
      if (stamp?.key === key && reads.every((file) => this.#same(file)) && this.#copy(stamp.writes, out)) {
        return reads.map(([path]) => path);
      }
    }
    return undefined;
  }

  /** False if a file is not as that step wrote it: also if it is just being made again. */
  #copy(files: readonly Hashed[], out: string): boolean {
    return files.every(([from, hash]) => {
      const to = moved(from, out, this.#out);
      try {
        copyFileSync(join(this.#root, from), join(this.#root, to));
      } catch {
        return false;
      }
      this.#known.forget(to);
      return this.#same([to, hash]);
    });
  }

  /** Does the step. If it fails, its old stamp is gone from the disk as well. */
  async #do(step: Step): Promise<Iterable<string>> {
    try {
      return (await step.run()) ?? [];
    } catch (error) {
      this.save();
      throw error;
    }
  }

  /** One hash over every file below the folders, for the key of a step whose code these files are. */
  hashFolders(...folders: readonly string[]): string {
    const names = folders.join("\n");
    const known = this.#folders.get(names);
    if (known !== undefined) {
      return known;
    }
    const files = folders.flatMap((folder) => listFiles(this.#root, folder));
    const hash = hashBytes(JSON.stringify(files.map((path) => this.#hashed(path))));
    this.#folders.set(names, hash);
    return hash;
  }

  /** The hash of a file's content (hex), or null if there is no file. Each file is looked at once in a build. */
  hash(path: string): string | null {
    return this.#known.hash(path);
  }

  /** Writes what has changed. Every build ends with it; while a build runs, `run` calls it now and then. */
  save(): void {
    this.#known.save();
    if (!this.#changed) {
      return;
    }
    this.#saved = performance.now();
    mkdirSync(dirname(this.#file), { recursive: true });
    const draft = `${this.#file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(packed(this.#stamps)));
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

/** A path in the folder `from` as the same path in the folder `to`; any other path as it is. */
function moved(path: string, from: string, to: string): string {
  return path.startsWith(`${from}/`) ? `${to}${path.slice(from.length)}` : path;
}

/**
 * The form of the stamp file. Most programs read the same files, so each file and hash is written once, and the stamps
 * have its place in `files`, as decimal numbers with spaces between them.
 */
const stampFile = object({
  version: number,
  files: list(pair(text, nullable(text))),
  stamps: list(pair(text, object({ key: text, reads: text, writes: text }))),
});

function packed(stamps: ReadonlyMap<string, Stamp>): Shaped<typeof stampFile> {
  const places = new Map<string, number>();
  const files: [string, string | null][] = [];
  const place = ([path, hash]: Hashed): number => {
    const word = `${path} ${hash}`;
    const known = places.get(word);
    if (known !== undefined) {
      return known;
    }
    places.set(word, files.length);
    return files.push([path, hash]) - 1;
  };
  const allPlaces = (hashed: readonly Hashed[]): string => hashed.map(place).join(" ");
  return {
    version: STAMP_VERSION,
    stamps: [...stamps].map(([name, { key, reads, writes }]) => [
      name,
      { key, reads: allPlaces(reads), writes: allPlaces(writes) },
    ]),
    files,
  };
}

/** The stamps of the last build. If the file cannot be read, everything is made again. */
function readStamps(file: string): Map<string, Stamp> {
  try {
    const { version, files, stamps } = readJson(readFileSync(file, "utf8"), file, stampFile);
    const at = (places: string): Hashed[] =>
      places === "" ? [] : places.split(" ").map((place) => required(files[Number(place)]));
    const read = stamps.map(([name, { key, reads, writes }]): [string, Stamp] => [
      name,
      { key, reads: at(reads), writes: at(writes) },
    ]);
    return new Map(version === STAMP_VERSION ? read : []);
  } catch {
    return new Map();
  }
}

function required(hashed: Hashed | undefined): Hashed {
  if (hashed === undefined) {
    throw new Error("a stamp names a file that is not in its list");
  }
  return hashed;
}
