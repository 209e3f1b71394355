// What ./nx licences does.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../host/root.ts";
import { complaintsAbout, dependencyPage, PAGE, readLock } from "./dependencies.ts";

/** Prints what is wrong, and writes the page if asked to. Gives the exit code. */
export function licences(writes: boolean): number {
  const packages = readLock();
  const wrong = complaintsAbout(packages);
  for (const sentence of wrong) {
    process.stdout.write(`${sentence}\n`);
  }
  process.stdout.write(`${packages.size - 1} packages, ${wrong.length} complaints\n`);
  if (writes) {
    writeFileSync(join(root, PAGE), dependencyPage(packages));
  }
  return wrong.length === 0 ? 0 : 1;
}
