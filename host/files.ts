// Lists the files of a folder, in an order that is the same on every computer.

import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Every file below `folder`, relative to `root`, with `/`, sorted; none if there is no such folder. */
export function listFiles(root: string, folder: string): string[] {
  let entries: ReturnType<typeof readFolder>;
  try {
    entries = readFolder(join(root, folder));
  } catch {
    return [];
  }
  return entries
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        return listFiles(root, path);
      }
      return entry.isFile() ? [path] : [];
    })
    .sort();
}

function readFolder(path: string) {
  return readdirSync(path, { withFileTypes: true });
}
