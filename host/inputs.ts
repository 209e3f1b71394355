// Files that a command is going to read: looked at before anything starts, because a build or a machine comes between the
// command line and the first byte that is read.

import { closeSync, openSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { NamedFile } from "./outputs.ts";
import { Problem } from "./problem.ts";
import { pathProblem } from "./system-error.ts";

/** Looks that a file is a plain one with something in it, and can be read. Gives its bytes' number. Throws Problem if not. */
export function requireInput({ word, file }: NamedFile): number {
  const { size, isPlain } = look(word, file);
  if (!isPlain) {
    throw inputProblem({ word, file }, "it is no plain file", "name a file");
  }
  if (size === 0) {
    throw inputProblem({ word, file }, "it is empty", "name one that is whole");
  }
  return size;
}

/** What is wrong with a file that was named to be read, and what to do. */
export function inputProblem({ word, file }: NamedFile, why: string, hint: string): Problem {
  return new Problem(`${word} ${file} cannot be used: ${why}`, { hints: [hint], exitCode: 2 });
}

function look(word: string, file: string): { size: number; isPlain: boolean } {
  try {
    const stat = statSync(file);
    // To open a pipe would wait for its other end.
    if (stat.isFile()) {
      closeSync(openSync(file, "r"));
    }
    return { size: stat.size, isPlain: stat.isFile() };
  } catch (error) {
    throw pathProblem(`${word} ${file} cannot be used`, resolve(file), error);
  }
}
