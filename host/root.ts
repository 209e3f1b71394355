// Finds the repository: host code runs from its sources (tests) and from a bundle in build/host (./nx), so the
// root is found by walking up to the folder that holds the launcher and the lockfile.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function findRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "nx")) && existsSync(join(folder, "package-lock.json"))) {
      return folder;
    }
    if (dirname(folder) === folder) {
      throw new Error(`no repository root above ${start}`);
    }
  }
}

/** The repository's root, an absolute path with no slash at the end. */
export const root = findRoot(dirname(fileURLToPath(import.meta.url)));
