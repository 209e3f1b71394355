// Stands in for tests/harness/variant.ts: guest code with a gate in each check, which kept.ts answers.

import { root } from "../../../../host/root.ts";
import { locateSource, runAsc } from "../../../../toolchain/asc/run.ts";
import type { Variant } from "../../../../toolchain/asc/variant.ts";
import { GATE_MODULE, GATE_NAME, GateChecks, withoutNullErrors } from "../tree/checks.ts";
import { isMutated } from "../tree/listing.ts";
import { holds, modules } from "./kept.ts";

/** Increased when gates are put elsewhere, so that cached modules are made again. */
const FORM = 1;
const LIBRARY = "~lib/";

/** The file of a source by asc's name, if its checks are to be gated. */
function pathOf(source: string): string | undefined {
  const path = source.startsWith(LIBRARY)
    ? locateSource(root, "build", source.slice(LIBRARY.length))
    : source;
  return path !== undefined && isMutated(path) ? path : undefined;
}

export const variant: Variant = {
  suffix: `-mutants-${FORM}`,
  imports: new Map([[`${GATE_MODULE}.${GATE_NAME}`, holds]]),
  compile: async (request) => {
    const core = await import("assemblyscript");
    const transforms = [new GateChecks(core, pathOf)];
    return withoutNullErrors(core, () => runAsc({ ...request, transforms }));
  },
  module: (key, bytes) => {
    const known = modules.get(key) ?? bytes().then((wasm) => WebAssembly.compile(wasm));
    modules.set(key, known);
    return known;
  },
};
