// mk-pkgfs-img: makes a package image from folders and files, without the rest of ./nx.
//
//     mk-pkgfs-img build/pkgfs.img fixtures=pkg/fixtures bin/nx=build/tasks/nx
//
// `./nx build` and `./nx image build` call the same functions. This command is for users who have only the folder.

import { sourcesFromWord, writeImageFile } from "../../host/pkgimg/files.ts";
import { Problem } from "../../host/problem.ts";

const USAGE = `usage: mk-pkgfs-img [--label NAME] OUT [PATH=]FOLDER | PATH=FILE ...

  OUT              the image to write
  FOLDER           all files in it, by their paths below it
  PATH=FOLDER      the same, in the folder PATH of the image
  PATH=FILE        one file, as PATH`;

function main(args: readonly string[]): number {
  const words = [...args];
  const labelAt = words.indexOf("--label");
  const [, label] = labelAt === -1 ? [] : words.splice(labelAt, 2);
  const [out, ...inputs] = words;
  if (out === undefined || inputs.length === 0) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  try {
    const options = label === undefined ? {} : { label };
    const { blockCount, entryCount, digest } = writeImageFile(out, inputs.flatMap(sourcesFromWord), options);
    process.stdout.write(`${out}: ${entryCount} files, ${blockCount} blocks, digest ${digest}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof Problem)) {
      throw error;
    }
    process.stderr.write(`mk-pkgfs-img: ${error.message}\n`);
    return 1;
  }
}

process.exitCode = main(process.argv.slice(2));
