// Names the symbols of the ELF file. A function that is not exported gets the path of its TypeScript file and its
// name, as in `neuron/sched/wake/wake`, so that a backtrace, a trace and gdb all use the repository's layout.
//
// asc names a file that it found through `--path` as if it were part of its own library: `abi/syscall` becomes
// `~lib/abi/syscall`. Such a name is mapped back to the file in the repository that the import came from.

import { existsSync } from "node:fs";
import { join } from "node:path";

/** The folders in which asc looks for bare imports, in its order: the `--path` flags of the build. */
const ROOTS: readonly string[] = ["source", "source/libs", "source/drivers", "build"];

/** Prefixes of paths, and their replacements in a symbol. */
const SHORTENED: readonly (readonly [string, string])[] = [
  ["source/kernel/neuron/src/", "neuron/"],
  ["source/", ""],
];

const LIBRARY = "~lib/";

/** asc's name of the function that runs a file's top-level code is this and the file. */
const START = "start:";

/** The folder of asc's own library, for a debugger that runs in the repository's root. */
const STANDARD_LIBRARY = "node_modules/assemblyscript/std/assembly/";

/** Gives the repository path of a bare import (`abi/syscall.ts`), or undefined for asc's own library. */
export type Locate = (libraryPath: string) => string | undefined;

/** A Locate that looks in the same folders as asc, below `root`. */
export function locateBelow(root: string): Locate {
  return (libraryPath) =>
    ROOTS.map((folder) => `${folder}/${libraryPath}`).find((path) => existsSync(join(root, path)));
}

export class Symbols {
  private readonly locate: Locate;
  private readonly located = new Map<string, string | undefined>();

  constructor(locate: Locate) {
    this.locate = locate;
  }

  /** The path of a source as asc names it (`~lib/abi/call.ts` → `source/abi/call.ts`). asc's own stay as they are. */
  path(source: string): string {
    return this.bare(source) ?? source;
  }

  /** The path of a function's file, if asc's name of the function shows it. */
  fileOf(functionName: string): string | undefined {
    return this.split(functionName)?.file;
  }

  /** The symbol of a function that is not exported. A file's top-level code is called `<file>/start`. */
  symbolOf(functionName: string): string {
    if (functionName.startsWith(START)) {
      return this.symbolOf(`${functionName.slice(START.length)}/start`);
    }
    const parts = this.split(functionName);
    const path = parts === undefined ? functionName : `${parts.file.replace(/\.ts$/, "")}/${parts.name}`;
    const prefix = SHORTENED.find(([long]) => path.startsWith(long));
    const short = prefix === undefined ? path : prefix[1] + path.slice(prefix[0].length);
    // lld reads what follows an `@` as a symbol's version; asc's trampolines are called `f@varargs`.
    return short.replaceAll("@", ".");
  }

  /** Whether a function belongs to asc's own library. */
  isLibrary(functionName: string): boolean {
    if (functionName.startsWith(START)) {
      return this.isLibrary(`${functionName.slice(START.length)}/start`);
    }
    return functionName.startsWith(LIBRARY) && this.split(functionName) === undefined;
  }

  /** The path under which a debugger finds a source: asc's library is in node_modules. */
  debugPath(path: string): string {
    return path.startsWith(LIBRARY) ? STANDARD_LIBRARY + path.slice(LIBRARY.length) : path;
  }

  private bare(source: string): string | undefined {
    if (!source.startsWith(LIBRARY)) {
      return undefined;
    }
    if (!this.located.has(source)) {
      this.located.set(source, this.locate(source.slice(LIBRARY.length)));
    }
    return this.located.get(source);
  }

  /**
   * Cuts a function's name into file and name. A bare import's file is the longest beginning that exists; any other
   * name is cut at the last slash that is not inside type arguments (`a/b/max<~lib/x/Y>`).
   */
  private split(functionName: string): { readonly file: string; readonly name: string } | undefined {
    const plain = functionName.split("<", 1)[0] ?? functionName;
    for (let cut = plain.lastIndexOf("/"); cut > 0; cut = plain.lastIndexOf("/", cut - 1)) {
      const name = functionName.slice(cut + 1);
      if (!functionName.startsWith(LIBRARY)) {
        return { file: `${plain.slice(0, cut)}.ts`, name };
      }
      const file = this.bare(`${plain.slice(0, cut)}.ts`);
      if (file !== undefined) {
        return { file, name };
      }
    }
    return undefined;
  }
}
