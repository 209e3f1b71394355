// How guest.ts compiles the guest's code: as it is written. `./nx test --mutate` puts another file in this one's place, whose
// code has a gate in each check (tools/test/mutate/process/variant.ts).

import { runAsc } from "../../toolchain/asc/run.ts";
import type { Variant } from "../../toolchain/asc/variant.ts";

/** The modules of this process. A test file may start one a hundred times, and the sources stay as they are meanwhile. */
const modules = new Map<string, Promise<WebAssembly.Module>>();

export const variant: Variant = {
  suffix: "",
  imports: new Map(),
  compile: runAsc,
  module: (key, bytes) => {
    const known = modules.get(key) ?? bytes().then((found) => WebAssembly.compile(found));
    modules.set(key, known);
    return known;
  },
  begin: () => {},
};
