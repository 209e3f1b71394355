// The files of an image in its order: paths by bytes, the slash before all others, so that everything below a directory
// follows it at once. Each path is judged on the way.

import { ENTRIES_MAX } from "../../build/gen/host/source/libs/pkgimg/format.ts";
import { Problem } from "../problem.ts";
import type { ImageSource } from "./image.ts";
import { pathProblem } from "./paths.ts";

/** A source beside the text that it is put in order by. */
interface Keyed {
  readonly source: ImageSource;
  readonly key: string;
}

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
  const keyed = sources.map((source) => {
    const problem = pathProblem(source.path);
    if (problem) {
      throw new Problem(`${JSON.stringify(source.path)} cannot be in an image: ${problem}`);
    }
    return { source, key: orderKey(source.path) };
  });
  keyed.sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0));
  for (const [number, file] of keyed.entries()) {
    refuseClash(keyed[number - 1], file);
  }
  return keyed.map(({ source }) => source);
}

/** Neighbours in order are the only ones that can clash: a file that stands in the way is right before what is below. */
function refuseClash(before: Keyed | undefined, file: Keyed): void {
  if (!before) {
    return;
  }
  const path = JSON.stringify(file.source.path);
  if (before.key === file.key) {
    throw new Problem(`${path} is there twice`);
  }
  if (file.key.startsWith(`${before.key}\0`)) {
    throw new Problem(`${JSON.stringify(before.source.path)} is a file, so ${path} cannot be below it`);
  }
}

/** A text of one character for each byte of the path, where a slash is zero, as no byte of a path is. */
function orderKey(path: string): string {
  return Buffer.from(path, "utf8").toString("latin1").replaceAll("/", "\0");
}
