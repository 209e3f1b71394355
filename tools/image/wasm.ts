// The guest's image reader, compiled to Wasm for this process. The module is kept in build/image-reader, named by
// a hash of everything that it was made from, so the compiler runs only after one of these files has changed.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../host/root.ts";
import { runAsc } from "../../toolchain/asc/run.ts";

const ENTRY = "source/libs/pkgimg/host.ts";
const folders = ["source/libs/pkgimg", "source/libs/blake2b", "source/libs/lz4", "source/libs/text"];
const flags = ["-O3", "--runtime", "stub"];
const CACHE_FOLDER = "build/image-reader";

/** The compiled reader. */
export async function readerModule(): Promise<WebAssembly.Module> {
  const file = join(root, CACHE_FOLDER, `${sourcesHash()}.wasm`);
  return WebAssembly.compile(readIfThere(file) ?? (await compile(file)));
}

function readIfThere(file: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return new Uint8Array(readFileSync(file));
  } catch {
    return undefined;
  }
}

async function compile(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const { wasm } = await runAsc({ root, entry: ENTRY, generated: "build", flags });
  mkdirSync(join(root, CACHE_FOLDER), { recursive: true });
  // Two commands may do this at once: with a rename each sees the whole file, or none.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, wasm);
  renameSync(draft, file);
  return new Uint8Array(wasm);
}

function sourcesHash(): string {
  const hash = createHash("sha256").update(JSON.stringify([ENTRY, flags]));
  for (const folder of folders) {
    for (const name of readdirSync(join(root, folder)).sort()) {
      hash.update(`${folder}/${name}\0`).update(readFileSync(join(root, folder, name)));
    }
  }
  return hash
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex")
    .slice(0, 32);
}
