// mk-pkgfs-img as a command of its own: a package image from folders and files.
//
//     mk-pkgfs-img build/pkgfs.img fixtures/=pkg/fixtures bin/nx=build/tasks/nx
//
// `./nx build` and `./nx image build` call the same functions; this is for whoever has only the folder.

import { statSync } from "node:fs";
import { Problem } from "../../toolchain/problem.ts";
import { sourceFromFile, sourcesFromFolder, writeImageFile } from "./files.ts";
import type { ImageSource } from "./layout.ts";

const usage = `usage: mk-pkgfs-img [--label NAME] OUT [PREFIX=]FOLDER | PATH=FILE ...

  OUT              the image to write
  FOLDER           all files in it, by their paths below it
  PREFIX=FOLDER    the same, each path with PREFIX before it (such as fixtures/)
  PATH=FILE        one file, as PATH`;

/** `PREFIX=FOLDER`, `PATH=FILE` or `FOLDER`. */
function sourcesFrom(word: string): ImageSource[] {
  const split = word.indexOf("=");
  const path = word.slice(0, Math.max(split, 0));
  const from = word.slice(split + 1);
  const stat = statSync(from, { throwIfNoEntry: false });
  if (!stat) throw new Problem(`${from} does not exist`);
  return stat.isDirectory() ? sourcesFromFolder(from, path) : [sourceFromFile(path, from)];
}

function main(args: readonly string[]): number {
  const words = [...args];
  const labelAt = words.indexOf("--label");
  const [, label] = labelAt === -1 ? [] : words.splice(labelAt, 2);
  const [out, ...inputs] = words;
  if (out === undefined || inputs.length === 0) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  try {
    const options = label === undefined ? {} : { label };
    const { blockCount, entryCount, digest } = writeImageFile(out, inputs.flatMap(sourcesFrom), options);
    process.stdout.write(`${out}: ${entryCount} files, ${blockCount} blocks, digest ${digest}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    process.stderr.write(`mk-pkgfs-img: ${error.message}\n`);
    return 1;
  }
}

process.exitCode = main(process.argv.slice(2));
