// Checks the files that a command is going to read before anything starts, because a build or a machine comes between
// the command line and the first byte that is read.

import { closeSync, openSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { NamedFile } from "./outputs.ts";
import { Problem } from "./problem.ts";
import { pathProblem } from "./system-error.ts";

/** Checks that a file is a plain one, is not empty, and can be read. Gives its size in bytes. Throws Problem if not. */
export function requireInput({ word, file }: NamedFile): number {
  const { size, isPlain } = look(word, file);
  if (!isPlain) {
    throw inputProblem({ word, file }, "it is no plain file", "name a file");
  }
  if (size === 0) {
    throw inputProblem({ word, file }, "it is empty", "name a file with contents");
  }
  return size;
}

/** The Problem of a file that cannot be used, with what to do. */
export function inputProblem({ word, file }: NamedFile, why: string, hint: string): Problem {
  return new Problem(`${word} ${file} cannot be used: ${why}`, { hints: [hint], exitCode: 2 });
}

function look(word: string, file: string): { size: number; isPlain: boolean } {
  try {
    const stat = statSync(file);
    // Opening a pipe would wait for its other end.
    if (stat.isFile()) {
      closeSync(openSync(file, "r"));
    }
    return { size: stat.size, isPlain: stat.isFile() };
  } catch (error) {
    throw pathProblem(`${word} ${file} cannot be used`, resolve(file), error);
  }
}
