// Guest code under the fuzzer: compiled by our own compiler, with counters in it, and run in this process.
//
// Each run begins with the memory and the globals of the start, so it depends on its input alone. The input ends where
// memory ends: one byte too far traps.

import { root as ownRoot } from "../../../host/root.ts";
import { type GuestImport, usualImports } from "../../../toolchain/asc/imports.ts";
import { runAsc } from "../../../toolchain/asc/run.ts";
import { GLOBAL_PREFIX, type Instrumented, instrument } from "./instrument.ts";
import { Broken, type Coverage, type Running } from "./target.ts";

/** Turns of loops that one run may take, unless its target says otherwise. */
const FUEL = 2_000_000;
/** Between the end of an input that has to be aligned and the end of memory. */
const PADDING_BYTE = 0xaa;

/** Optimised: a session runs millions of inputs. */
const flags: readonly string[] = ["-O2", "--runtime", "stub", "--enable", "threads"];

export interface GuestSource {
  /** Guest code that imports what is under test, and exports what the target calls. */
  readonly text: string;
  readonly inputBytesMax: number;
  readonly imports?: Readonly<Record<string, Readonly<Record<string, GuestImport>>>>;
  readonly fuel?: number;
  /** The repository that it is compiled from, if it is not this one. */
  readonly root?: string;
}

export class FuzzGuest {
  readonly memory: WebAssembly.Memory;
  readonly coverage: CounterCoverage;
  /** The large constants of the code, in 4 and 8 bytes and in both orders. */
  readonly dictionary: readonly Uint8Array[];
  private readonly exports: WebAssembly.Exports;
  private readonly code: Instrumented;
  private readonly fuel: number;
  private readonly image: Uint8Array;
  private readonly globals: readonly (readonly [WebAssembly.Global, number | bigint])[];

  static async start(source: GuestSource): Promise<FuzzGuest> {
    const { text, inputBytesMax, root = ownRoot } = source;
    const { wasm } = await runAsc({ root, entry: "fuzz-entry.ts", text, generated: "build", flags });
    const code = instrument(wasm, inputBytesMax);
    return new FuzzGuest(source, code, await WebAssembly.compile(code.wasm));
  }

  private constructor(source: GuestSource, code: Instrumented, module: WebAssembly.Module) {
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
    for (const { module: moduleName, name } of WebAssembly.Module.imports(module)) {
      const known = `${moduleName}.${name}`;
      const given = source.imports?.[moduleName]?.[name] ?? usualImports.get(known) ?? refusing(known);
      imports[moduleName] = { ...imports[moduleName], [name]: given };
    }
    this.exports = new WebAssembly.Instance(module, imports).exports;
    const { memory } = this.exports;
    if (!(memory instanceof WebAssembly.Memory)) {
      throw new Error("the guest exports no memory");
    }
    this.memory = memory;
    this.code = code;
    this.fuel = source.fuel ?? FUEL;
    this.image = new Uint8Array(memory.buffer).slice(0, code.fuelAt);
    this.globals = Object.entries(this.exports).flatMap(([name, global]) => {
      const isOurs = name.startsWith(GLOBAL_PREFIX) && global instanceof WebAssembly.Global;
      const value: unknown = isOurs ? global.value : undefined;
      return isOurs && (typeof value === "number" || typeof value === "bigint") ? [[global, value]] : [];
    });
    this.coverage = new CounterCoverage(new Uint8Array(memory.buffer, code.countersAt, code.counterCount));
    this.dictionary = code.constants.flatMap(wordsOf);
  }

  /** Begins a run: everything is as at the start. */
  begin(): void {
    new Uint8Array(this.memory.buffer).set(this.image);
    for (const [global, value] of this.globals) {
      global.value = value;
    }
    new DataView(this.memory.buffer).setUint32(this.code.fuelAt, this.fuel, true);
  }

  /** Puts the input at the end of memory, and gives its address. */
  place(input: Uint8Array, align = 1): number {
    const bytes = new Uint8Array(this.memory.buffer);
    const at = Math.floor((bytes.length - input.length) / align) * align;
    bytes.set(input, at);
    bytes.fill(PADDING_BYTE, at + input.length);
    return at;
  }

  /** Calls an exported function. An i32 comes back signed, an i64 as its low 53 bits. */
  call(name: string, ...args: (number | bigint)[]): number {
    const target = this.exports[name];
    if (typeof target !== "function") {
      throw new Error(`the guest exports no function ${name}`);
    }
    try {
      const result: unknown = target(...args);
      return typeof result === "number" ? result : Number(result ?? 0);
    } catch (error) {
      const isOut = new DataView(this.memory.buffer).getUint32(this.code.fuelAt, true) === 0;
      throw isOut ? new Broken(`it does not end after ${this.fuel} turns of loops`) : error;
    }
  }

  /** A target of this code, ready. It has fuel, so it needs no watch. */
  running(about: Pick<Running, "seeds" | "dictionary" | "run">): Running {
    return { coverage: this.coverage, isWatched: false, ...about };
  }

  get(address: number, byteCount: number): Uint8Array {
    return new Uint8Array(this.memory.buffer).slice(address >>> 0, (address >>> 0) + byteCount);
  }
}

/** What the counters of a module say. How often a piece ran counts in classes: 1, 2, 3, 4 to 7, … */
class CounterCoverage implements Coverage {
  private readonly counters: Uint8Array;
  private readonly seen: Uint8Array;

  constructor(counters: Uint8Array) {
    this.counters = counters;
    this.seen = new Uint8Array(counters.length);
  }

  clear(): void {
    this.counters.fill(0);
  }

  get covered(): number {
    return this.seen.reduce((sum, classes) => sum + (classes === 0 ? 0 : 1), 0);
  }

  get total(): number {
    return this.seen.length;
  }

  hasNew(notes: boolean): boolean {
    let found = false;
    const { counters, seen } = this;
    for (let index = 0; index < counters.length; index++) {
      const count = counters[index] ?? 0;
      if (count === 0) {
        continue;
      }
      const known = seen[index] ?? 0;
      const now = known | classOf(count);
      if (now !== known) {
        found = true;
        seen[index] = notes ? now : known;
      }
    }
    return found;
  }
}

function classOf(count: number): number {
  return count <= 3 ? 1 << (count - 1) : 1 << Math.min(7, 1 + Math.floor(Math.log2(count)));
}

function wordsOf(value: bigint): Uint8Array[] {
  const isShort = value === BigInt.asIntN(32, value) || value === BigInt.asUintN(32, value);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value, true);
  const word = bytes.subarray(0, isShort ? 4 : 8);
  return [word, Uint8Array.from(word).reverse()];
}

function refusing(name: string): () => never {
  return () => {
    throw new Error(`the guest called ${name}`);
  };
}
