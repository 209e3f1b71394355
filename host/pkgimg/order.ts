// The files of an image in its order: paths by bytes, the slash before all others, so that everything below a directory
// follows it at once. Each path is judged on the way.

import { ENTRIES_MAX } from "../../build/gen/host/source/libs/pkgimg/format.ts";
import { Problem } from "../problem.ts";
import type { ImageSource } from "./image.ts";
import { pathProblem } from "./paths.ts";

const SLASH = 0x2f;
/** Where the halves of surrogate pairs begin and end. */
const SURROGATES = 0xd800;
const SURROGATES_END = 0xe000;

/**
 * The sources in path order.
 *
 * @throws Problem if a path is not allowed or there twice, or if there are none or too many
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

/** Neighbours in order are the only ones that can clash: a file that stands in the way is right before what is below. */
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

/** By the bytes of UTF-8, the slash before all others. Negative if `left` comes first. */
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
 * Units of UTF-16 in the order of UTF-8. The halves of surrogate pairs come last there: they stand for characters above
 * all others.
 */
function rank(unit: number): number {
  if (unit < SURROGATES) {
    return unit === SLASH ? 0 : unit;
  }
  return unit < SURROGATES_END ? unit + SURROGATES_END : unit;
}
