// A copy of the repository with a bug in its kernel, in a folder of its own: for tests that want to see it found.
//
// What was built is copied along, so that only the kernel is compiled again. The sources themselves are never touched.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyRepository } from "../../../bench/build/copy.ts";

/** A change of one file: `find` has to be there exactly once. */
export interface Change {
  file: string;
  find: string;
  replace: string;
}

/** Makes the copy, changed. Gives its folder, which `remove` takes away again. */
export function plant(changes: readonly Change[]): { folder: string; remove: () => void } {
  const { folder, remove } = copyRepository("neuron-planted-");
  for (const { file, find, replace } of changes) {
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    if (text.split(find).length !== 2) {
      throw new Error(`${file} has not exactly one "${find}"`);
    }
    writeFileSync(path, text.replace(find, replace));
  }
  return { folder, remove };
}
