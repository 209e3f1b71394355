// Ways to compile guest code for a process of the host: as it is written, or with something added.

import type { GuestImport } from "./imports.ts";
import type { AscRequest, AscResult } from "./run.ts";

export interface Variant {
  /** Behind the names of compiled modules in a cache. */
  readonly suffix: string;
  /** What the code imports beside what it imports as written. */
  readonly imports: ReadonlyMap<string, GuestImport>;
  compile(request: AscRequest): Promise<AscResult>;
  /** The module of these bytes. `key` names it in a cache. */
  module(key: string, bytes: () => Promise<Uint8Array<ArrayBuffer>>): Promise<WebAssembly.Module>;
  /** Called with the memory of each instance, before the guest's code runs. */
  begin(memory: WebAssembly.Memory): void;
}
