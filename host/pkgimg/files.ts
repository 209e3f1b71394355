// Reads the files of a folder for a package image, and writes the image to a file.
//
// The files come in the image's own order, not in that of the file system. Anything that is neither a file nor a folder (a
// link, a device) is refused, because its meaning may differ from host to host. An image is written beside its place and
// then renamed, so that no reader sees half of it.

import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Problem } from "../problem.ts";
import { pathProblem } from "../system-error.ts";
import type { BuiltImage, ImageOptions, ImageSource } from "./image.ts";
import { writeImage } from "./layout.ts";
import { imagePath } from "./paths.ts";

/** How much of a file is in memory at once. */
const PIECE_BYTES = 1 << 20;

/**
 * A file of the host in a folder. There may be 131,072 of these objects, so each is small: the file's name is not stored, since
 * it is the end of the path in the image.
 */
class FileInFolder implements ImageSource {
  readonly path: string;
  readonly byteLength: number;
  private readonly folder: string;
  private readonly nameLength: number;

  constructor(path: string, byteLength: number, folder: string, nameLength: number) {
    this.path = path;
    this.byteLength = byteLength;
    this.folder = folder;
    this.nameLength = nameLength;
  }

  read(): Iterable<Uint8Array> {
    const name = this.path.slice(this.path.length - this.nameLength);
    return piecesOf(join(this.folder, name), this.byteLength);
  }
}

/** A file of the host that becomes `path` in an image. */
export function sourceFromFile(path: string, file: string): ImageSource {
  const byteLength = plainSize(file, lstatSync(file, { throwIfNoEntry: false }));
  return { path, byteLength, read: () => piecesOf(file, byteLength) };
}

/** The size of a plain file. Throws Problem if it is not one. */
function plainSize(file: string, stat: Stats | undefined): number {
  if (!stat) {
    throw new Problem(`${file} does not exist`);
  }
  if (!stat.isFile()) {
    throw new Problem(`${file} is not a plain file`);
  }
  return stat.size;
}

/** All files below a folder. Their paths are relative to the folder, with `prefix` (such as `fixtures/`) before them. */
export function sourcesFromFolder(folder: string, prefix = ""): ImageSource[] {
  const names = readNames(folder);
  return names.flatMap((name) => {
    const file = join(folder, name);
    const stat = lstatSync(file);
    if (stat.isDirectory()) {
      return sourcesFromFolder(file, `${prefix}${name}/`);
    }
    return [new FileInFolder(prefix + name, plainSize(file, stat), folder, name.length)];
  });
}

/**
 * The files that a word of a command line names: `FOLDER`; `PATH=FOLDER`, which becomes the folder PATH of the image; or
 * `PATH=FILE`. If that PATH ends in a slash, it is the folder for the file.
 */
export function sourcesFromWord(word: string): ImageSource[] {
  const split = word.indexOf("=");
  const typed = word.slice(0, Math.max(split, 0));
  const from = word.slice(split + 1);
  const path = imagePath(typed);
  if (statOf(from).isDirectory()) {
    return sourcesFromFolder(from, path === "" ? "" : `${path}/`);
  }
  if (typed.endsWith("/")) {
    return [sourceFromFile(imagePath(`${path}/${basename(from)}`), from)];
  }
  if (path === "") {
    const hints = [`${basename(from)}=${from} names its place`];
    throw new Problem(`${from} is a file, and its path in the image is missing`, { hints, exitCode: 2 });
  }
  return [sourceFromFile(path, from)];
}

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw pathProblem(`cannot read ${path}`, path, error);
  }
}

/**
 * Keeps V8's young generation as small as it is at the start. It would grow to 32 MiB while sources are made, although none of
 * them is garbage. Without that growth, an image of 100,000 files takes 30 MB less to build, and no more time.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

/** Writes an image to a file. Makes the folders that are missing on the way. */
export function writeImageFile(
  file: string,
  sources: readonly ImageSource[],
  options: ImageOptions = {},
): BuiltImage {
  const place = plainPlace(file);
  const draft = `${place}.draft-${process.pid}`;
  try {
    mkdirSync(dirname(place), { recursive: true });
    const built = writeDraft(draft, sources, options);
    renameSync(draft, place);
    return built;
  } catch (error) {
    throw pathProblem(`cannot write ${file}`, place, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * The real path, with links followed, of a file that is going to be replaced by a new one. Throws Problem if it is not a plain
 * file, because the new file would replace a folder or a device.
 */
export function plainPlace(file: string): string {
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) {
      return resolve(file);
    }
    if (stat.isFile()) {
      return realpathSync(file);
    }
  } catch (error) {
    throw pathProblem(`cannot write ${file}`, resolve(file), error);
  }
  throw new Problem(`cannot write ${file}: it is no plain file`, { hints: ["name a file"], exitCode: 2 });
}

function writeDraft(draft: string, sources: readonly ImageSource[], options: ImageOptions): BuiltImage {
  const descriptor = openSync(draft, "w");
  try {
    return writeImage({ write: (offset, bytes) => writeAll(descriptor, offset, bytes) }, sources, options);
  } finally {
    closeSync(descriptor);
  }
}

function readNames(folder: string): string[] {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) {
    throw new Problem(`${folder} is not a folder`);
  }
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw pathProblem(`cannot read ${folder}`, folder, error);
  }
}

/** A file's bytes. It tries to read one byte more than the file should have, so that it notices if the file has grown. */
function* piecesOf(file: string, byteLength: number): Generator<Uint8Array> {
  const descriptor = openToRead(file);
  try {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, byteLength + 1));
    while (true) {
      const count = readSync(descriptor, piece, 0, piece.length, null);
      if (count === 0) {
        return;
      }
      yield piece.subarray(0, count);
    }
  } finally {
    closeSync(descriptor);
  }
}

function openToRead(file: string): number {
  try {
    return openSync(file, "r");
  } catch (error) {
    throw pathProblem(`cannot read ${file}`, file, error);
  }
}

function writeAll(descriptor: number, offset: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(descriptor, bytes, written, bytes.length - written, offset + written);
  }
}
