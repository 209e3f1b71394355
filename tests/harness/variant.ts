// How guest.ts compiles the guest's code: as it is written. `./nx test --mutate` puts another file in this one's place, whose
// code has a gate in each check (tools/test/mutate/process/variant.ts).

import { runAsc } from "../../toolchain/asc/run.ts";
import type { Variant } from "../../toolchain/asc/variant.ts";

export const variant: Variant = {
  suffix: "",
  imports: new Map(),
  compile: runAsc,
  module: async (_, bytes) => WebAssembly.compile(await bytes()),
  begin: () => {},
};
