// Adds counters to a Wasm module: each piece of straight code counts its runs, and each loop uses up fuel, so that a run
// ends after the same number of turns on any machine. Mutable globals are exported, so that a run can begin with
// the values that they had at the start.
//
// The counters lie in the guest's memory, behind its own pages:
//
//     | the guest's pages | fuel (8 bytes) | counters, a byte each | … | room that the caller asks for |

import { Bytes } from "../../../toolchain/wasm/bytes.ts";
import type { FunctionBody, WasmModule } from "../../../toolchain/wasm/module.ts";
import { readModule } from "../../../toolchain/wasm/reader.ts";

const WASM_PAGE_BYTES = 65_536;
const HEADER_BYTES = 8;
const FUEL_BYTES = 8;
const MEMORY_SECTION = 5;
const EXPORT_SECTION = 7;
const CODE_SECTION = 10;
const GLOBAL_KIND = 3;
/** Constants of the code up to this size say nothing about a format. */
const SMALL_CONSTANT_MAX = 255n;

export const GLOBAL_PREFIX = "global:";

export interface Instrumented {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** Where the fuel is (32 bits), and the counters behind it. */
  readonly fuelAt: number;
  readonly countersAt: number;
  readonly counterCount: number;
  /** Large constants of the code: a reader compares with them. */
  readonly constants: readonly bigint[];
}

/** @param roomBytes how much memory there has to be behind the counters */
export function instrument(wasm: Uint8Array, roomBytes: number): Instrumented {
  const module = readModule(wasm);
  const fuelAt = (module.memory?.initial ?? 0) * WASM_PAGE_BYTES;
  const counters = new Counters(fuelAt);
  const code = counters.code(wasm, module);
  const bytes = fuelAt + FUEL_BYTES + counters.count;
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES) + Math.ceil(roomBytes / WASM_PAGE_BYTES);
  const changed = new Map([
    // One memory, without a maximum.
    [MEMORY_SECTION, [1, 0, ...unsigned(pages)]],
    [CODE_SECTION, code],
  ]);
  const out: number[] = [...wasm.subarray(0, HEADER_BYTES)];
  const file = new Bytes(wasm, HEADER_BYTES);
  while (!file.done) {
    const id = file.byte();
    const content = file.take(file.u32());
    const other = id === EXPORT_SECTION ? withGlobals(content, module) : content;
    append(out, section(id, changed.get(id) ?? other));
  }
  return {
    wasm: Uint8Array.from(out),
    fuelAt,
    countersAt: fuelAt + FUEL_BYTES,
    counterCount: counters.count,
    constants: constantsOf(module),
  };
}

/** Puts counters into code. */
class Counters {
  count = 0;
  private readonly fuelAt: number;

  constructor(fuelAt: number) {
    this.fuelAt = fuelAt;
  }

  /** The content of the code section. */
  code(wasm: Uint8Array, { functions }: WasmModule): number[] {
    const bodies = functions.flatMap(({ body }) => (body === undefined ? [] : [this.body(wasm, body)]));
    const out = unsigned(bodies.length);
    for (const body of bodies) {
      append(out, unsigned(body.length));
      append(out, body);
    }
    return out;
  }

  private body(wasm: Uint8Array, { start, end, instructions }: FunctionBody): number[] {
    const first = instructions[0]?.offset ?? end;
    const out = [...wasm.subarray(start, first)];
    append(out, this.counter());
    for (const [index, { kind, offset }] of instructions.entries()) {
      const next = instructions[index + 1]?.offset;
      append(out, wasm.subarray(offset, next ?? end));
      const startsPiece = ["loop", "if", "else", "end", "br_if"].includes(kind);
      if (next !== undefined && startsPiece) {
        append(out, this.counter());
      }
      if (kind === "loop") {
        append(out, this.fuel());
      }
    }
    return out;
  }

  /** memory[counter] += 1 */
  private counter(): number[] {
    const at = unsigned(this.fuelAt + FUEL_BYTES + this.count);
    this.count += 1;
    return [0x41, 0, 0x41, 0, 0x2d, 0, ...at, 0x41, 1, 0x6a, 0x3a, 0, ...at];
  }

  /** fuel -= 1; if it is 0: unreachable. */
  private fuel(): number[] {
    const at = unsigned(this.fuelAt);
    const load = [0x41, 0, 0x28, 2, ...at];
    return [0x41, 0, ...load, 0x41, 1, 0x6b, 0x36, 2, ...at, ...load, 0x45, 0x04, 0x40, 0x00, 0x0b];
  }
}

/** The export section with all mutable globals. */
function withGlobals(content: Uint8Array, { globals, exports }: WasmModule): number[] {
  const added = globals.flatMap(({ mutable }, index) => (mutable ? [index] : []));
  const old = new Bytes(content);
  old.u32();
  const out = [...unsigned(exports.length + added.length), ...content.subarray(old.position)];
  for (const index of added) {
    const name = Buffer.from(`${GLOBAL_PREFIX}${index}`);
    append(out, [...unsigned(name.length), ...name, GLOBAL_KIND, ...unsigned(index)]);
  }
  return out;
}

function constantsOf({ functions }: WasmModule): bigint[] {
  const values = functions
    .flatMap(({ body }) => body?.instructions ?? [])
    .map((instruction) => (instruction.kind === "const" ? instruction.value : 0n));
  const large = values.filter((value) => value > SMALL_CONSTANT_MAX || value < -SMALL_CONSTANT_MAX);
  return [...new Set(large)];
}

function section(id: number, content: ArrayLike<number>): number[] {
  const out = [id, ...unsigned(content.length)];
  append(out, content);
  return out;
}

/** `push(...)` takes some ten thousand arguments at most. */
function append(out: number[], bytes: ArrayLike<number>): void {
  for (let index = 0; index < bytes.length; index++) {
    out.push(bytes[index] ?? 0);
  }
}

/** LEB128. */
function unsigned(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...out, rest];
}
