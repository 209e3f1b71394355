// The first step of every guest module: compiles sources to Wasm and its source map, below build/wasm.

import { runAsc } from "../asc/run.ts";
import type { Step } from "../stale.ts";
import { type Build, write } from "./build.ts";

/** asc on `entry`: `build/wasm/<name>.wasm`, or `output` below the output folder, and its source map. */
export async function runAscStep(
  build: Build,
  name: string,
  entry: string,
  flags: readonly string[],
  output = `wasm/${name}.wasm`,
): Promise<void> {
  const wasm = build.path(output);
  const map = build.path(`${output}.map`);
  const step: Step = {
    name: `asc ${name}`,
    key: [
      flags,
      build.stamps.hash("node_modules/assemblyscript/package.json"),
      build.stamps.hashFolders("toolchain/asc"),
    ],
    reads: [entry],
    writes: [wasm, map],
    run: async () => {
      const request = { root: build.root, entry, generated: build.out, flags };
      const result = await runAsc(request);
      for (const { severity, message, place } of result.diagnostics) {
        const where = place ? `${place.file}:${place.line}:${place.column}: ` : "";
        build.progress.note(`${where}${severity}: ${message}`);
      }
      await write(build, wasm, result.wasm);
      await write(build, map, result.sourceMap);
      return result.reads.keys();
    },
  };
  await inTurn(() => build.step(`${name}: asc`, step));
}

/** asc keeps global state while it runs, so it compiles one program at a time. */
let lastTurn: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = lastTurn.then(work, work);
  lastTurn = turn;
  return turn;
}
