// Turns errors of the operating system into Problems: a missing folder, a full disk, no permission.
//
// These are no bugs of ours: the user can do something about each.

import { statSync } from "node:fs";
import { dirname } from "node:path";
import { Problem } from "./problem.ts";

interface Words {
  /** Why, as the end of a sentence. */
  readonly why: string;
  /** What to do. */
  readonly hint: string;
}

/** Errors that can come with any file at any time. */
const refusals: Readonly<Record<string, Words>> = {
  ENOSPC: { why: "the disk is full", hint: "make room there, or name a place on another disk" },
  EDQUOT: { why: "the disk quota is used up", hint: "make room there, or name a place on another disk" },
  EFBIG: {
    why: "a file must not be that large there",
    hint: "raise the limit (ulimit -f), or name another place",
  },
  EACCES: { why: "you have no permission", hint: "change its permissions, or name another one" },
  EPERM: { why: "you have no permission", hint: "change its permissions, or name another one" },
  EROFS: { why: "the file system is read-only", hint: "name a place that can be written" },
  EIO: {
    why: "the disk reports an error",
    hint: "look at the system's log, or name a place on another disk",
  },
  EMFILE: { why: "too many files are open", hint: "raise the limit (ulimit -n)" },
  ENFILE: { why: "too many files are open on this computer", hint: "end other programs, and try again" },
  ETXTBSY: { why: "it is a running program", hint: "name another one" },
};

/** Errors that are the fault of a path that the user gave; anywhere else they are bugs. */
const pathRefusals: Readonly<Record<string, Words>> = {
  ...refusals,
  ENOENT: { why: "it does not exist", hint: "name one that exists" },
  EEXIST: { why: "something else has that name", hint: "choose another one" },
  ENOTDIR: { why: "a part of its path is not a folder", hint: "name another one" },
  EISDIR: { why: "it is a folder", hint: "name a file" },
  ELOOP: { why: "its links go round in a circle", hint: "name another one" },
  ENAMETOOLONG: { why: "its name is too long", hint: "choose a shorter one" },
  ENXIO: { why: "it has no device behind it", hint: "name another one" },
};

/** The code of an error that came from the operating system, such as `ENOSPC`. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) {
    return undefined;
  }
  return typeof error.code === "string" ? error.code : undefined;
}

/**
 * Makes a Problem of an error about a path that the user gave. An error that is not from the operating system is
 * returned unchanged.
 *
 * @param what what failed, as in `cannot write build/x`
 */
export function pathProblem(what: string, file: string, error: unknown): unknown {
  const code = systemCode(error) ?? "";
  const words = pathRefusals[code];
  if (words === undefined) {
    return error;
  }
  const exitCode = code in refusals ? 1 : 2;
  const folder = code === "ENOENT" ? missingFolder(file) : undefined;
  if (folder === undefined) {
    return new Problem(`${what}: ${words.why}`, { hints: [words.hint], exitCode });
  }
  const hints = ["make that folder, or name another place"];
  return new Problem(`${what}: there is no folder ${folder}`, { hints, exitCode });
}

/** Makes a Problem of an error that the operating system may raise at any time; undefined for any other error. */
export function environmentProblem(error: unknown): Problem | undefined {
  const words = refusals[systemCode(error) ?? ""];
  if (words === undefined || !(error instanceof Error)) {
    return undefined;
  }
  const path = "path" in error && typeof error.path === "string" ? error.path : undefined;
  const what = path === undefined ? "the operating system refuses" : `cannot use ${path}`;
  return new Problem(`${what}: ${words.why}`, { hints: [words.hint] });
}

/** The folder that a file would be in, if there is no such folder. */
function missingFolder(file: string): string | undefined {
  const folder = dirname(file);
  return statSync(folder, { throwIfNoEntry: false }) === undefined ? folder : undefined;
}
