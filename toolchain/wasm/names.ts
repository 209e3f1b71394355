// Reads the name section (custom section `name`, WebAssembly core specification, appendix "Custom Sections"): the names
// of functions, locals and globals. asc writes it with --debug. Without it, nothing has a name.

import { Bytes } from "./bytes.ts";

export interface Names {
  readonly functions: ReadonlyMap<number, string>;
  /** By function index, then by local index. */
  readonly locals: ReadonlyMap<number, ReadonlyMap<number, string>>;
  readonly globals: ReadonlyMap<number, string>;
}

export const noNames: Names = { functions: new Map(), locals: new Map(), globals: new Map() };

const Subsection = { Function: 1, Local: 2, Global: 7 } as const;

function readMap(bytes: Bytes): Map<number, string> {
  return new Map(bytes.list((): [number, string] => [bytes.u32(), bytes.name()]));
}

/** Reads the section's content (behind its name). Subsections that are not needed are skipped. */
export function readNames(content: Uint8Array): Names {
  const bytes = new Bytes(content);
  let functions = new Map<number, string>();
  let locals = new Map<number, ReadonlyMap<number, string>>();
  let globals = new Map<number, string>();
  while (!bytes.done) {
    const id = bytes.byte();
    const part = bytes.part(bytes.u32());
    if (id === Subsection.Function) {
      functions = readMap(part);
    } else if (id === Subsection.Global) {
      globals = readMap(part);
    } else if (id === Subsection.Local) {
      locals = new Map(part.list((): [number, ReadonlyMap<number, string>] => [part.u32(), readMap(part)]));
    }
  }
  return { functions, locals, globals };
}
