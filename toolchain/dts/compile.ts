// Compiles device-tree source to a DTB, in one call. This is our dtc: `build` uses it for build/virt-nexus.dtb.

import { emitDtb } from "./emit.ts";
import { parseDts } from "./parse.ts";

/** The DTB (version 17) of the source `text`; `fileName` is only for messages. Throws DtsError. */
export function compileDts(text: string, fileName: string): Uint8Array {
  return emitDtb(parseDts(text, fileName));
}
