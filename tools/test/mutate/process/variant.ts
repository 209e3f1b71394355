// Stands in for tests/harness/variant.ts: guest code with a gate in each check, which kept.ts answers.

import { root } from "../../../../host/root.ts";
import type { GuestImport } from "../../../../toolchain/asc/imports.ts";
import { locateSource, runAsc } from "../../../../toolchain/asc/run.ts";
import type { Variant } from "../../../../toolchain/asc/variant.ts";
import { GATE_MODULE, GATE_NAME, GateChecks, withoutNullErrors } from "../tree/checks.ts";
import { isMutated } from "../tree/listing.ts";
import { ROUND_MODULE, ROUND_NAME } from "../tree/turns.ts";
import { beginMemory, holds, moduleOf, NOTHING_BYTES, turned } from "./kept.ts";

/** Increased when gates are put elsewhere, so that cached modules are made again. */
const FORM = 4;
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
  imports: new Map<string, GuestImport>([
    [`${GATE_MODULE}.${GATE_NAME}`, holds],
    [`${ROUND_MODULE}.${ROUND_NAME}`, turned],
  ]),
  compile: async (request) => {
    const core = await import("assemblyscript");
    const flags = [...request.flags, "--memoryBase", String(NOTHING_BYTES)];
    const transforms = [new GateChecks(core, pathOf)];
    return withoutNullErrors(core, () => runAsc({ ...request, flags, transforms }));
  },
  module: (key, bytes) => moduleOf(key, async () => WebAssembly.compile(await bytes())),
  begin: beginMemory,
};
