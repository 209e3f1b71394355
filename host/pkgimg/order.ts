// Sorts the files of an image by the bytes of their paths. The slash comes before all other bytes, so everything below a
// directory follows it directly. Each path is checked on the way.

import { ENTRIES_MAX } from "../../build/gen/host/source/libs/pkgimg/format.ts";
import { Problem } from "../problem.ts";
import type { ImageSource } from "./image.ts";
import { pathProblem } from "./paths.ts";

const SLASH = 0x2f;
/** The range of the halves of surrogate pairs. */
const SURROGATES = 0xd800;
const SURROGATES_END = 0xe000;

/**
 * The sources in path order.
 *
 * @throws Problem if a path is not allowed or appears twice, or if there are no files or too many
 */
export function inOrder(sources: readonly ImageSource[]): ImageSource[] {
  if (sources.length === 0) {
    throw new Problem("an image needs at least one file");
  }
  if (sources.length > ENTRIES_MAX) {
    throw new Problem(`an image holds up to ${ENTRIES_MAX} files, not ${sources.length}`);
  }
  for (const { path } of sources) {
    const problem = pathProblem(path);
    if (problem) {
      throw new Problem(`${JSON.stringify(path)} cannot be in an image: ${problem}`);
    }
  }
  const files = [...sources].sort((left, right) => comparePaths(left.path, right.path));
  for (const [number, { path }] of files.entries()) {
    refuseClash(files[number - 1]?.path, path);
  }
  return files;
}

/** Only neighbours can clash: a file whose path is also a directory comes right before what is below it. */
function refuseClash(before: string | undefined, path: string): void {
  if (before === undefined || !path.startsWith(before)) {
    return;
  }
  if (path.length === before.length) {
    throw new Problem(`${JSON.stringify(path)} is there twice`);
  }
  if (path.charCodeAt(before.length) === SLASH) {
    throw new Problem(`${JSON.stringify(before)} is a file, so ${JSON.stringify(path)} cannot be below it`);
  }
}

/** Compares paths by the bytes of UTF-8, with the slash before all others. Negative if `left` comes first. */
export function comparePaths(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const difference = rank(left.charCodeAt(at)) - rank(right.charCodeAt(at));
    if (difference !== 0) {
      return difference;
    }
  }
  return left.length - right.length;
}

/**
 * The rank of a unit of UTF-16 in the order of UTF-8. The halves of surrogate pairs come last: they stand for characters above
 * all others.
 */
function rank(unit: number): number {
  if (unit < SURROGATES) {
    return unit === SLASH ? 0 : unit;
  }
  return unit < SURROGATES_END ? unit + SURROGATES_END : unit;
}
