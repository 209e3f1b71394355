// Loads the AssemblyScript compiler from a prepared form, which takes a third of the time.
//
// binaryen, the half of asc that is WebAssembly, carries its module of 9 MB as a text of 13 MB inside its JavaScript. Node
// scans that text, and a loop makes bytes of it, in each process that compiles. So the first process writes, below
// node_modules, both packages as one script and the module's bytes beside it. The code that runs is the same.
//
// `npm ci` removes the prepared form, and other versions have another name. If it cannot be made (a binaryen of another
// form, a folder that cannot be written), the packages are imported as they are.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";
import { root } from "../../host/root.ts";

export type Asc = typeof import("assemblyscript/asc");

/** Increased when the prepared form changes. */
const FORM = 1;
const SCRIPT = "asc.mjs";
const MODULE = "binaryen.wasm";

/** Imports asc, and prepares it before if need be. */
export async function loadAsc(): Promise<Asc> {
  const folder = preparedFolder();
  try {
    if (!existsSync(join(folder, SCRIPT))) {
      await prepare(folder);
    }
  } catch {
    return await import("assemblyscript/asc");
  }
  return await import(pathToFileURL(join(folder, SCRIPT)).href);
}

/**
 * Does `work` with binaryen's code as it is loaded. By default V8 optimises each function of WebAssembly that runs often, on
 * another core. That takes longer than it saves when binaryen only builds and writes modules: a third of the time of one
 * program, and a fifth of eleven. Where binaryen optimises (-O3), it saves.
 */
export async function unoptimised<T>(work: () => Promise<T>): Promise<T> {
  const { setFlagsFromString } = await import("node:v8");
  // "Only function 0 may be optimised." A V8 without the flag ignores it.
  setFlagsFromString("--wasm-tier-up-filter=0");
  try {
    return await work();
  } finally {
    setFlagsFromString("--wasm-tier-up-filter=-1");
  }
}

/** Where the prepared form of the installed packages is. */
export function preparedFolder(): string {
  const packages = join(root, "node_modules");
  const versions = ["assemblyscript", "binaryen"].map((name) =>
    readFileSync(join(packages, name, "package.json")),
  );
  const digest = createHash("sha256").update(`${FORM}`);
  for (const manifest of versions) {
    digest.update(manifest);
  }
  return join(packages, `.neuron-asc-${digest.digest("hex").slice(0, 16)}`);
}

async function prepare(folder: string): Promise<void> {
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    const { build } = await import("esbuild");
    await build({
      absWorkingDir: root,
      entryPoints: ["assemblyscript/asc"],
      outfile: join(draft, SCRIPT),
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      logLevel: "silent",
      plugins: [binaryenWithoutText(draft)],
    });
    if (!existsSync(join(draft, MODULE))) {
      throw new Error("binaryen's text was not found");
    }
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Another process may have been first.
    if (!existsSync(join(folder, SCRIPT))) {
      throw error;
    }
  }
}

/** Writes the module's bytes into `folder`, and has binaryen read them from beside the script. */
function binaryenWithoutText(folder: string): Plugin {
  return {
    name: "binaryen",
    setup(build) {
      build.onLoad({ filter: /[\\/]binaryen[\\/]index\.js$/ }, async ({ path }) => {
        const source = readFileSync(path, "utf8");
        const found = await findText(source);
        writeFileSync(join(folder, MODULE), found.bytes);
        const read = `readBinaryen(new URL("./${MODULE}", import.meta.url))`;
        const contents = `import { readFileSync as readBinaryen } from "node:fs";
${source.slice(0, found.from)}${read}${source.slice(found.to)}`;
        return { contents, loader: "js", resolveDir: dirname(path) };
      });
    },
  };
}

/** The call that makes bytes of the text, `f(`\0asm…`)`: its place in the source, and the bytes. */
async function findText(source: string): Promise<{ from: number; to: number; bytes: Uint8Array }> {
  const { runInNewContext } = await import("node:vm");
  const call = /[\w$]+\((?=`\\0asm)/.exec(source);
  if (call === null) {
    throw new Error("binaryen has no module in its text");
  }
  const begin = call.index + call[0].length;
  let end = begin + 1;
  while (end < source.length && source[end] !== "`") {
    end += source[end] === "\\" ? 2 : 1;
  }
  const text: unknown = runInNewContext(source.slice(begin, end + 1));
  if (typeof text !== "string" || source[end + 1] !== ")") {
    throw new Error("binaryen's module is not one text");
  }
  return { from: call.index, to: end + 2, bytes: decode(text) };
}

/** binaryen's own decoding: a character beyond 255 is a zero. */
function decode(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length }, (_, index) => {
    const code = text.charCodeAt(index);
    return (~code >> 8) & code;
  });
}
