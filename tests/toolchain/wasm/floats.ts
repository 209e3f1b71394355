// Whether a module has anything to do with floats.

import { untranslatable } from "../../../toolchain/checks/floats.ts";
import type { WasmModule } from "../../../toolchain/wasm/module.ts";

export function hasFloats(module: WasmModule): boolean {
  return (
    module.functions.some((fn) => untranslatable(module, fn)?.reason === "floating point") ||
    module.globals.some(({ type }) => type === "f32" || type === "f64")
  );
}
