// Builds the embedded machine: machine/core to build/machine.wasm. It runs as Wasm, so asc optimises it, and LLVM is
// not needed.

import { runAscStep } from "./asc.ts";
import type { Build } from "./build.ts";

/** The module with everything that the host may call. */
const MACHINE_ENTRY = "machine/core/module.ts";
/** `--debug` keeps the functions' names for profiles and stack traces. It costs no speed. */
const machineFlags: readonly string[] = [
  "-O3",
  "--debug",
  "--sourceMap",
  "--runtime",
  "stub",
  "--exportTable",
];

/** `machine.wasm`. Gives its path, relative to the root. */
export async function makeMachine(build: Build): Promise<string> {
  const output = "machine.wasm";
  await runAscStep(build, "machine", MACHINE_ENTRY, machineFlags, output);
  return build.path(output);
}
