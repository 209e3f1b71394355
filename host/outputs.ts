// The files that a command is going to write: it tries them before anything starts, and writes them whole or not at
// all.
//
// The one idea: a run may take minutes, so a path that cannot be written is reported before it. A later failure
// (a disk that fills up) is kept as a Problem for the end, because it must not end the run.

import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { Problem } from "./problem.ts";
import { pathProblem } from "./system-error.ts";

/** A path of the command line, with the word that it belongs to, such as `--log`. */
export interface NamedFile {
  readonly word: string;
  readonly file: string;
}

/**
 * Tries whether each file can be written, and leaves its content unchanged.
 *
 * @param inputs the files that the command reads, and must not write over
 * @throws Problem about the first that cannot be written
 */
export function requireOutputs(outputs: readonly NamedFile[], inputs: readonly NamedFile[] = []): void {
  outputs.forEach((output, index) => {
    const place = placeOf(output.file);
    const other = [...outputs.slice(0, index), ...inputs].find(({ file }) => placeOf(file) === place);
    if (other !== undefined && isPlain(output.file)) {
      const message = `${output.word} and ${other.word} are the same file, ${output.file}`;
      throw new Problem(message, { hints: [`name another file for ${output.word}`], exitCode: 2 });
    }
    tryFile(output);
  });
}

/** Tries whether files can be written into a folder, which need not exist yet. Throws Problem if not. */
export function requireFolder({ word, file }: NamedFile): void {
  try {
    const made = mkdirSync(file, { recursive: true });
    rmdirSync(mkdtempSync(`${resolve(file)}/.nx-`));
    if (made !== undefined) {
      removeEmpty(resolve(file), resolve(made));
    }
  } catch (error) {
    throw pathProblem(`${word} ${file} cannot be written`, resolve(file), error);
  }
}

/** Writes a file. The old content stays until all of the new content is there. Throws Problem if that fails. */
export function writeOutput({ word, file }: NamedFile, content: string | Uint8Array): void {
  try {
    if (isPlain(file)) {
      replace(placeOf(file), content);
    } else {
      writeFileSync(file, content);
    }
  } catch (error) {
    throw cannotWrite({ word, file }, error);
  }
}

/** The same at the end of a run, whose verdict still has to be printed: gives the error instead of throwing it. */
export function attemptOutput(output: NamedFile, content: string | Uint8Array): unknown[] {
  try {
    writeOutput(output, content);
    return [];
  } catch (error) {
    return [error];
  }
}

/** Folders that are removed when the command ends in any way. */
const scratchFolders = new Set<string>();

/** A new temporary folder. Throws Problem if it cannot be made. */
export function scratchFolder(prefix: string): string {
  const parent = tmpdir();
  try {
    const folder = mkdtempSync(join(parent, prefix));
    if (scratchFolders.size === 0) {
      process.on("exit", removeScratchFolders);
    }
    scratchFolders.add(folder);
    return folder;
  } catch (error) {
    throw pathProblem(
      `cannot write into ${parent}, the folder for temporary files`,
      join(parent, prefix),
      error,
    );
  }
}

/** Removes a temporary folder that is not needed any more. */
export function removeScratchFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  scratchFolders.delete(folder);
  if (scratchFolders.size === 0) {
    process.off("exit", removeScratchFolders);
  }
}

function removeScratchFolders(): void {
  for (const folder of scratchFolders) {
    removeScratchFolder(folder);
  }
}

/** A file that grows by lines. After a failed write it gets no more lines, and keeps the error for the end. */
export class LineFile {
  /** Why lines are missing. */
  problem: unknown;
  private readonly output: NamedFile;
  private readonly descriptor: number;

  /** Opens an empty file. Throws Problem if it cannot be written. */
  constructor(output: NamedFile) {
    this.output = output;
    try {
      this.descriptor = openSync(output.file, "w");
    } catch (error) {
      throw cannotWrite(output, error);
    }
  }

  write(line: string): void {
    this.attempt(() => writeWhole(this.descriptor, Buffer.from(`${line}\n`)));
  }

  close(): void {
    this.attempt(() => closeSync(this.descriptor));
  }

  private attempt(work: () => void): void {
    if (this.problem !== undefined) {
      return;
    }
    try {
      work();
    } catch (error) {
      this.problem = cannotWrite(this.output, error);
    }
  }
}

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(descriptor, bytes, written, bytes.length - written);
  }
}

function tryFile(output: NamedFile): void {
  const stat = statOf(output);
  // Opening a pipe would wait for its reader, and opening a device may have effects.
  if (stat !== undefined && !stat.isFile() && !stat.isDirectory()) {
    return;
  }
  try {
    closeSync(openSync(output.file, "a"));
    // If it was a link to a missing file, the link stays.
    if (stat === undefined) {
      rmSync(placeOf(output.file), { force: true });
    }
  } catch (error) {
    throw cannotWrite(output, error);
  }
}

function statOf(output: NamedFile): Stats | undefined {
  try {
    return statSync(output.file, { throwIfNoEntry: false });
  } catch (error) {
    throw cannotWrite(output, error);
  }
}

function cannotWrite({ word, file }: NamedFile, error: unknown): unknown {
  return pathProblem(`${word} ${file} cannot be written`, resolve(file), error);
}

/** Whether a file is a plain one, or does not exist yet. */
function isPlain(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? true;
}

function replace(file: string, content: string | Uint8Array): void {
  const draft = `${file}.draft-${process.pid}`;
  try {
    writeFileSync(draft, content);
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The path of a file with its links followed, as far as it exists. */
export function placeOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    const path = resolve(file);
    return dirname(path) === path ? path : join(placeOf(dirname(path)), basename(path));
  }
}

/** Removes folders that were made for a try, from `folder` up to `first`. */
function removeEmpty(folder: string, first: string): void {
  rmdirSync(folder);
  if (folder !== first) {
    removeEmpty(dirname(folder), first);
  }
}
