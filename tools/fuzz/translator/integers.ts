// Turns a module with floats into one without: f32 becomes i32, f64 becomes i64, and every operation on them an integer
// operation of the same shape. The module then computes something else, but it is as random as before, and valid.
//
// For a `direct` module it also removes what a guest does not have: memory that grows, and bulk operations that run
// past the end of memory, which here fault in the middle instead of before the first byte. Alignments become 1: they
// are hints in Wasm, and a promise to LLVM.

import { Bytes, malformed } from "../../../toolchain/wasm/bytes.ts";

const I32 = 0x7f;
const I64 = 0x7e;
const F32 = 0x7d;
const F64 = 0x7c;

/** Names that the fuzzer never uses. */
const MEMORY_EXPORT = "the memory";
const START_EXPORT = "the start";

/** The numbers of sections. */
const CUSTOM = 0;
const START = 8;

/** By how many pages memory may grow at most. */
export const GROWTH_PAGES_MAX = 4;

/** A mask for the length of a guest's bulk operation. */
const BULK_MASK = 0xff;

/** Opcodes of float operations, and the integer operations in their place. */
const replaced: ReadonlyMap<number, number> = new Map([
  [0x2a, 0x28], // f32.load: i32.load
  [0x2b, 0x29],
  [0x38, 0x36], // f32.store: i32.store
  [0x39, 0x37],
  ...pairs(0x5b, [0x46, 0x47, 0x48, 0x4a, 0x4c, 0x4e]), // f32.eq ne lt gt le ge: eq ne lt_s gt_s le_s ge_s
  ...pairs(0x61, [0x51, 0x52, 0x53, 0x55, 0x57, 0x59]),
  // abs neg ceil floor trunc nearest sqrt: clz ctz popcnt extend8_s extend16_s clz ctz
  ...pairs(0x8b, [0x67, 0x68, 0x69, 0xc0, 0xc1, 0x67, 0x68]),
  // add sub mul div min max copysign: add sub mul div_s rem_u xor rotl
  ...pairs(0x92, [0x6a, 0x6b, 0x6c, 0x6d, 0x70, 0x73, 0x77]),
  ...pairs(0x99, [0x79, 0x7a, 0x7b, 0xc2, 0xc3, 0xc4, 0x7a]),
  ...pairs(0xa0, [0x7c, 0x7d, 0x7e, 0x7f, 0x82, 0x85, 0x89]),
  ...pairs(0xa8, [0x67, 0x69, 0xa7, 0xa7]), // i32.trunc: clz popcnt wrap wrap
  ...pairs(0xae, [0xac, 0xad, 0x79, 0x7b]), // i64.trunc: extend extend clz popcnt
  ...pairs(0xb2, [0xc0, 0xc1, 0xa7, 0xa7, 0xa7]), // f32.convert, demote
  ...pairs(0xb7, [0xac, 0xad, 0xc2, 0x7a, 0xad]), // f64.convert, promote
  ...pairs(0xbc, [0x01, 0x01, 0x01, 0x01]), // reinterpret: nop
]);

function pairs(first: number, opcodes: readonly number[]): [number, number][] {
  return opcodes.map((opcode, index) => [first + index, opcode]);
}

/** How many LEB128 numbers follow an opcode. An opcode that is not listed has none, or is handled separately. */
const immediates: ReadonlyMap<number, number> = new Map([
  ...[0x0c, 0x0d, 0x10, 0x20, 0x21, 0x22, 0x23, 0x24, 0x41, 0x42].map((opcode): [number, number] => [
    opcode,
    1,
  ]),
  [0x11, 2],
]);

/** The module without floats, and with `direct` without what a guest does not have. */
export function withoutFloats(module: Uint8Array, direct: boolean): Uint8Array<ArrayBuffer> {
  return new Rewriter(module, direct).run();
}

class Rewriter {
  private readonly file: Bytes;
  private readonly direct: boolean;
  private pages = 0;
  private start: number | undefined;
  private out: number[] = [];

  constructor(module: Uint8Array, direct: boolean) {
    this.file = new Bytes(module);
    this.direct = direct;
  }

  run(): Uint8Array<ArrayBuffer> {
    const { file } = this;
    const all = [...file.take(8)];
    const sections: [number, Bytes][] = [];
    while (!file.done) {
      const id = file.byte();
      const section = file.part(file.u32());
      if (id === START) {
        this.start = section.u32();
      } else if (id !== CUSTOM) {
        sections.push([id, section]);
      }
    }
    for (const [id, section] of sections) {
      this.out = [];
      this.section(id, section);
      all.push(id, ...unsigned(this.out.length));
      for (const byte of this.out) {
        all.push(byte);
      }
    }
    return new Uint8Array(all);
  }

  private section(id: number, bytes: Bytes): void {
    if (id === 1) {
      this.list(bytes, () => this.functionType(bytes));
    } else if (id === 2) {
      this.list(bytes, () => this.import(bytes));
    } else if (id === 5) {
      this.list(bytes, () => this.memory(bytes));
    } else if (id === 6) {
      this.list(bytes, () => this.global(bytes));
    } else if (id === 7) {
      this.exports(bytes);
    } else if (id === 10) {
      this.list(bytes, () => this.body(bytes));
    } else {
      this.copy(bytes, bytes.end - bytes.position);
    }
  }

  private list(bytes: Bytes, item: () => void): void {
    for (let count = this.number(bytes); count > 0; count--) {
      item();
    }
  }

  /** Copies an unsigned number, and returns it. */
  private number(bytes: Bytes): number {
    const value = bytes.u32();
    this.out.push(...unsigned(value));
    return value;
  }

  private copy(bytes: Bytes, length: number): void {
    for (const byte of bytes.take(length)) {
      this.out.push(byte);
    }
  }

  private copyName(bytes: Bytes): void {
    this.copy(bytes, this.number(bytes));
  }

  private type(bytes: Bytes): void {
    const type = bytes.byte();
    this.out.push(type === F32 ? I32 : type === F64 ? I64 : type);
  }

  private functionType(bytes: Bytes): void {
    this.copy(bytes, 1);
    this.list(bytes, () => this.type(bytes));
    this.list(bytes, () => this.type(bytes));
  }

  private import(bytes: Bytes): void {
    this.copyName(bytes);
    this.copyName(bytes);
    const offset = bytes.position;
    if (bytes.byte() !== 0) {
      throw malformed("the fuzzer imports something other than a function", offset);
    }
    this.out.push(0);
    this.number(bytes);
  }

  private memory(bytes: Bytes): void {
    const flags = bytes.byte();
    this.pages = bytes.u32();
    const most = this.pages + GROWTH_PAGES_MAX;
    const maximum = (flags & 1) !== 0 ? Math.min(bytes.u32(), most) : most;
    this.out.push(1, ...unsigned(this.pages), ...unsigned(maximum));
  }

  private global(bytes: Bytes): void {
    this.type(bytes);
    this.copy(bytes, 1);
    while (this.instruction(bytes) !== 0x0b) {}
  }

  /** Exports the memory, so that it can be read, and the start function, which is called like others. */
  private exports(bytes: Bytes): void {
    const added: number[][] = [];
    if (this.pages > 0) {
      added.push([MEMORY_EXPORT.length, ...Buffer.from(MEMORY_EXPORT), 2, 0]);
    }
    if (this.start !== undefined) {
      added.push([START_EXPORT.length, ...Buffer.from(START_EXPORT), 0, ...unsigned(this.start)]);
    }
    this.out.push(...unsigned(bytes.u32() + added.length));
    this.copy(bytes, bytes.end - bytes.position);
    this.out.push(...added.flat());
  }

  private body(bytes: Bytes): void {
    const body = bytes.part(bytes.u32());
    const outer = this.out;
    this.out = [];
    this.list(body, () => {
      this.number(body);
      this.type(body);
    });
    while (!body.done) {
      this.instruction(body);
    }
    const inner = this.out;
    this.out = outer;
    this.out.push(...unsigned(inner.length));
    for (const byte of inner) {
      this.out.push(byte);
    }
  }

  /** Rewrites one instruction and gives its opcode. */
  private instruction(bytes: Bytes): number {
    const offset = bytes.position;
    const opcode = bytes.byte();
    const { out } = this;
    if (opcode === 0xfc) {
      this.bulk(bytes);
    } else if (opcode === 0x43) {
      out.push(0x41, ...signed(BigInt(viewOf(bytes.take(4)).getInt32(0, true))));
    } else if (opcode === 0x44) {
      out.push(0x42, ...signed(viewOf(bytes.take(8)).getBigInt64(0, true)));
    } else if (opcode >= 0x28 && opcode <= 0x3e) {
      bytes.u32();
      out.push(replaced.get(opcode) ?? opcode, 0);
      this.number(bytes);
    } else if (opcode >= 0x02 && opcode <= 0x04) {
      out.push(opcode);
      this.blockType(bytes);
    } else if (opcode === 0x0e) {
      out.push(opcode);
      this.list(bytes, () => this.number(bytes));
      this.number(bytes);
    } else if (opcode === 0x1c) {
      out.push(opcode);
      this.list(bytes, () => this.type(bytes));
    } else if (opcode === 0x3f || opcode === 0x40) {
      bytes.byte();
      this.memoryQuestion(opcode);
    } else if (opcode > 0xc4) {
      throw malformed(`opcode 0x${opcode.toString(16)} was not expected of the fuzzer`, offset);
    } else {
      out.push(replaced.get(opcode) ?? opcode);
      for (let count = immediates.get(opcode) ?? 0; count > 0; count--) {
        this.copyLeb(bytes);
      }
    }
    return opcode;
  }

  /** memory.size and memory.grow: a guest's memory always has the same size. */
  private memoryQuestion(opcode: number): void {
    if (!this.direct) {
      this.out.push(opcode, 0);
    } else if (opcode === 0x3f) {
      this.out.push(0x41, ...signed(BigInt(this.pages)));
    } else {
      this.out.push(0x1a, 0x41, ...signed(-1n));
    }
  }

  private bulk(bytes: Bytes): void {
    const offset = bytes.position;
    const sub = bytes.u32();
    const operands = sub === 8 || sub === 10 ? 2 : sub === 9 || sub === 11 ? 1 : undefined;
    if (operands === undefined) {
      throw malformed(`opcode 0xfc ${sub} was not expected of the fuzzer`, offset);
    }
    // The length is on top of the stack.
    if (this.direct && sub !== 9) {
      this.out.push(0x41, ...signed(BigInt(BULK_MASK)), 0x71);
    }
    this.out.push(0xfc, sub);
    for (let count = operands; count > 0; count--) {
      this.number(bytes);
    }
  }

  private blockType(bytes: Bytes): void {
    const type = bytes.data[bytes.position];
    if (type === 0x40 || (type !== undefined && type >= F64 && type <= I32)) {
      this.type(bytes);
    } else {
      this.copyLeb(bytes);
    }
  }

  private copyLeb(bytes: Bytes): void {
    for (;;) {
      const byte = bytes.byte();
      this.out.push(byte);
      if ((byte & 0x80) === 0) {
        return;
      }
    }
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) {
      return [...bytes, rest];
    }
    bytes.push((rest & 0x7f) | 0x80);
  }
}

function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if (rest === (low & 0x40 ? -1n : 0n)) {
      return [...bytes, low];
    }
    bytes.push(low | 0x80);
  }
}
