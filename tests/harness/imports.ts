// The import graph of the repository, read from the import lines: which file names which.
//
// Two dialects, two ways to name a file: host code by relative path with `.ts`; guest code relatively without it, or
// by a bare name below one of the path roots (`abi/syscall`, `fdt/reader`, `gen/idl/console`).

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { listFiles } from "../../host/files.ts";
import { defined } from "./defined.ts";

/** One import line: the file, what it names there, and the file that is meant (null: a package, or generated). */
export interface Import {
  readonly from: string;
  readonly line: number;
  readonly specifier: string;
  readonly target: string | null;
  /** The names between the braces, as written; empty for `import "x"` and `export *`. */
  readonly names: readonly string[];
}

const guestRoots = ["source", "source/libs", "source/drivers"];
const statement =
  /^(?:import|export)\b([^;"'`]*?)\bfrom\s*"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;

/** Every `.ts` file below the folders, relative to `root`. */
export function sourceFiles(root: string, folders: readonly string[]): string[] {
  return folders.flatMap((folder) => listFiles(root, folder)).filter((path) => path.endsWith(".ts"));
}

/** The imports of one file. */
export function importsOf(root: string, file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(statement)].map((match) => {
    const specifier = defined(match[2] ?? match[3] ?? match[4]);
    const names = [...(match[1] ?? "").matchAll(/\b(?!type\b|as\b)[A-Za-z_$][\w$]*/g)].map(([name]) => name);
    const line = text.slice(0, match.index).split("\n").length;
    return { from: file, line, specifier, target: resolve(root, file, specifier), names };
  });
}

function resolve(root: string, from: string, specifier: string): string | null {
  const isGuest = /^(source|machine\/core)\//.test(from);
  const candidates = specifier.startsWith(".")
    ? [posix.join(dirname(from), specifier)]
    : guestRoots.filter(() => isGuest).map((folder) => `${folder}/${specifier}`);
  for (const candidate of candidates) {
    for (const path of [candidate, `${candidate}.ts`, `${candidate}/index.ts`]) {
      if (path.endsWith(".ts") && existsSync(join(root, path))) {
        return path;
      }
    }
  }
  return null;
}

/** The first cycle in a graph of files, as the files along it with the first one again at the end; or null. */
export function findCycle(edges: ReadonlyMap<string, readonly string[]>): string[] | null {
  const state = new Map<string, "open" | "done">();
  const path: string[] = [];
  const visit = (node: string): string[] | null => {
    if (state.get(node) === "done") {
      return null;
    }
    if (state.get(node) === "open") {
      return [...path.slice(path.indexOf(node)), node];
    }
    state.set(node, "open");
    path.push(node);
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next);
      if (cycle) {
        return cycle;
      }
    }
    path.pop();
    state.set(node, "done");
    return null;
  };
  for (const node of edges.keys()) {
    const cycle = visit(node);
    if (cycle) {
      return cycle;
    }
  }
  return null;
}
