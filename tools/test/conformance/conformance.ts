// ./nx test --riscv-tests DIR: builds the machine if it is stale, then runs the folder.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { progressOn } from "../../../host/report.ts";
import { root } from "../../../host/root.ts";
import { buildMachine } from "../../../toolchain/compile.ts";
import { runFolder } from "./riscv-tests.ts";

/** Gives the exit code: 0 if every program passed. */
export async function conformance(folder: string): Promise<number> {
  const wasm = await buildMachine(progressOn(process.stderr));
  const module = await WebAssembly.compile(new Uint8Array(readFileSync(join(root, wasm))));
  return runFolder(module, folder, (line) => process.stdout.write(`${line}\n`)) === 0 ? 0 : 1;
}
