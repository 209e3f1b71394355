// Compiled modules that are kept in a folder of build/, by content: a module is good while every file that asc read for it
// is as it was, and every file that it did not find is still missing.

import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { list, nullable, object, pair, readJson, text } from "../../host/json.ts";
import { preparedFolder } from "./load.ts";
import { type AscRequest, type AscResult, hashText, runAsc } from "./run.ts";

/** Where a module is kept, and how it is made. */
export interface Keeping {
  /** Relative to the root of the request. */
  readonly folder: string;
  /** The name; by default made from the entry, its text and the flags. */
  readonly key?: string;
  /** Default: `runAsc`. */
  readonly compile?: (request: AscRequest) => Promise<AscResult>;
}

/** A name for the module of a request, other for any other. */
export function keyOf({ entry, text, flags }: Pick<AscRequest, "entry" | "text" | "flags">): string {
  const compiler = basename(preparedFolder()); // it has the versions
  return hashText(JSON.stringify([compiler, entry, text ?? null, flags])).slice(0, 32);
}

/** The module's bytes: from the folder if they are good, else from asc. @throws Problem as `runAsc` does */
export async function compileKept(request: AscRequest, keeping: Keeping): Promise<Uint8Array<ArrayBuffer>> {
  const { folder, key = keyOf(request), compile = runAsc } = keeping;
  const path = join(request.root, folder, key);
  const kept = await readIfFresh(request.root, path);
  if (kept) {
    return kept;
  }
  const result = await compile(request);
  await mkdir(join(request.root, folder), { recursive: true });
  // Several processes may do this at once: a rename is seen whole or not at all.
  await replaceFile(`${path}.wasm`, result.wasm);
  const record = { wasm: hashBytes(result.wasm), reads: [...result.reads] };
  await replaceFile(`${path}.json`, JSON.stringify(record));
  return new Uint8Array(result.wasm);
}

/** What is kept beside a compiled module: its hash, and those of the files that it was made from. */
const recordShape = object({ wasm: text, reads: list(pair(text, nullable(text))) });

async function readIfFresh(root: string, path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const wasm = new Uint8Array(await readFile(`${path}.wasm`));
    const record = readJson(await readFile(`${path}.json`, "utf8"), path, recordShape);
    if (record.wasm !== hashBytes(wasm)) {
      return undefined;
    }
    for (const [file, hash] of record.reads) {
      const now = await readFile(join(root, file), "utf8").then(hashText, () => null);
      if (now !== hash) {
        return undefined;
      }
    }
    return wasm;
  } catch {
    return undefined;
  }
}

async function replaceFile(path: string, contents: Uint8Array | string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, contents);
  await rename(draft, path);
}

function hashBytes(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
