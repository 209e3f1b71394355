// Writes Wasm: a function's code byte by byte, and the module around it (WebAssembly core specification, chapter 5).
//
// It can write only what translations need: integers, and a module with one function. When such a module is instantiated, it
// puts its function into a slot of a table.

export const I32 = 0x7f;
export const I64 = 0x7e;
const VOID = 0x40;
const FUNCTION = 0x60;

/** Instructions without an immediate. */
export const Wasm = {
  Else: 0x05,
  End: 0x0b,
  Return: 0x0f,
  Drop: 0x1a,
  Select: 0x1b,
  I32LtS: 0x48,
  I64Eqz: 0x50,
  I64Eq: 0x51,
  I64Ne: 0x52,
  I64LtS: 0x53,
  I64LtU: 0x54,
  I64GeS: 0x59,
  I64GeU: 0x5a,
  I32Eqz: 0x45,
  I32Add: 0x6a,
  I32Sub: 0x6b,
  I32Mul: 0x6c,
  I32DivS: 0x6d,
  I32DivU: 0x6e,
  I32RemS: 0x6f,
  I32RemU: 0x70,
  I32Clz: 0x67,
  I32Ctz: 0x68,
  I32Popcnt: 0x69,
  I32And: 0x71,
  I32Shl: 0x74,
  I32ShrS: 0x75,
  I32ShrU: 0x76,
  I32Rotl: 0x77,
  I32Rotr: 0x78,
  I64Clz: 0x79,
  I64Ctz: 0x7a,
  I64Popcnt: 0x7b,
  I64Add: 0x7c,
  I64Sub: 0x7d,
  I64Mul: 0x7e,
  I64DivS: 0x7f,
  I64DivU: 0x80,
  I64RemS: 0x81,
  I64RemU: 0x82,
  I64And: 0x83,
  I64Or: 0x84,
  I64Xor: 0x85,
  I64Shl: 0x86,
  I64ShrS: 0x87,
  I64ShrU: 0x88,
  I64Rotl: 0x89,
  I64Rotr: 0x8a,
  I32WrapI64: 0xa7,
  I64ExtendI32S: 0xac,
  I64ExtendI32U: 0xad,
  I64Extend8S: 0xc2,
  I64Extend16S: 0xc3,
  I64Extend32S: 0xc4,
} as const;
export type Wasm = (typeof Wasm)[keyof typeof Wasm];

/** Instructions that access memory. */
export const Access = {
  I32Load: 0x28,
  I64Load: 0x29,
  I64Load8S: 0x30,
  I64Load8U: 0x31,
  I64Load16S: 0x32,
  I64Load16U: 0x33,
  I64Load32S: 0x34,
  I64Load32U: 0x35,
  I32Store: 0x36,
  I64Store: 0x37,
  I64Store8: 0x3c,
  I64Store16: 0x3d,
  I64Store32: 0x3e,
} as const;
export type Access = (typeof Access)[keyof typeof Access];

const BLOCK = 0x02;
const LOOP = 0x03;
const IF = 0x04;
const BR = 0x0c;
const BR_IF = 0x0d;
const BR_TABLE = 0x0e;
const CALL = 0x10;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const I32_CONST = 0x41;
const I64_CONST = 0x42;

/** A buffer that bytes are appended to. */
class Bytes {
  private buffer = new Uint8Array(1024);
  length = 0;

  byte(value: number): void {
    if (this.length === this.buffer.length) {
      this.reserve(1);
    }
    this.buffer[this.length] = value;
    this.length += 1;
  }

  unsigned(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  signed(value: number): void {
    let rest = value;
    while (rest < -0x40 || rest >= 0x40) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  /** A text of ASCII characters, with its length. */
  text(value: string): void {
    this.unsigned(value.length);
    for (let index = 0; index < value.length; index++) {
      this.byte(value.charCodeAt(index));
    }
  }

  append(other: Bytes): void {
    this.reserve(other.length);
    this.buffer.set(other.result(), this.length);
    this.length += other.length;
  }

  /** The bytes so far. Valid until more are written. */
  result(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.length);
  }

  private reserve(count: number): void {
    if (this.length + count > this.buffer.length) {
      const larger = new Uint8Array(Math.max(this.length + count, this.buffer.length * 2));
      larger.set(this.result());
      this.buffer = larger;
    }
  }
}

/** A target of branches: the end of a block, or the start of a loop. */
export interface Label {
  /** How many labels were open when this one was opened. */
  depth: number;
}

/** The code of one function, written from start to end. */
export class Code {
  readonly bytes = new Bytes();
  private depth = 0;

  /** An instruction without operands. */
  put(instruction: Wasm): void {
    this.bytes.byte(instruction);
  }

  get(local: number): void {
    this.withIndex(LOCAL_GET, local);
  }

  set(local: number): void {
    this.withIndex(LOCAL_SET, local);
  }

  tee(local: number): void {
    this.withIndex(LOCAL_TEE, local);
  }

  i32(value: number): void {
    this.bytes.byte(I32_CONST);
    this.bytes.signed(value | 0);
  }

  /** A 64-bit constant that fits 32 bits with its sign. */
  i64(value: number): void {
    this.bytes.byte(I64_CONST);
    this.bytes.signed(value | 0);
  }

  access(how: Access, offset: number): void {
    // An alignment of 0 is always correct, and engines ignore it.
    this.bytes.byte(how);
    this.bytes.byte(0);
    this.bytes.unsigned(offset);
  }

  /** Opens a block; branches to it lead to its end. */
  block(): Label {
    return this.open(BLOCK, VOID);
  }

  /** Opens a loop; branches to it lead to its start. */
  loop(): Label {
    return this.open(LOOP, VOID);
  }

  /** Opens a block that is executed if the i32 on the stack is not zero. */
  if(result = VOID): Label {
    return this.open(IF, result);
  }

  /** Ends the block, loop or if that was opened last. */
  end(): void {
    this.bytes.byte(Wasm.End);
    this.depth -= 1;
  }

  /** Calls reachLoad(). */
  callLoad(): void {
    this.withIndex(CALL, 0);
  }

  /** Calls reachStore(). */
  callStore(): void {
    this.withIndex(CALL, 1);
  }

  br(label: Label): void {
    this.withIndex(BR, this.depth - label.depth);
  }

  brIf(label: Label): void {
    this.withIndex(BR_IF, this.depth - label.depth);
  }

  /** Branches to the label whose number is on the stack, or to `otherwise` if there is no such label. */
  brTable(labels: readonly Label[], otherwise: Label): void {
    this.withIndex(BR_TABLE, labels.length);
    for (const label of labels) {
      this.bytes.unsigned(this.depth - label.depth);
    }
    this.bytes.unsigned(this.depth - otherwise.depth);
  }

  /** Appends code that was written separately. All labels of both must be closed. */
  append(other: Code): void {
    this.bytes.append(other.bytes);
  }

  private open(instruction: number, result: number): Label {
    this.bytes.byte(instruction);
    this.bytes.byte(result);
    this.depth += 1;
    return { depth: this.depth };
  }

  private withIndex(instruction: number, index: number): void {
    this.bytes.byte(instruction);
    this.bytes.unsigned(index);
  }
}

/** A function: its type, how many locals it has beside its parameters, and its code. */
export interface WasmFunction {
  parameters: readonly number[];
  results: readonly number[];
  /** Locals of 32 bits come before those of 64 bits. */
  i32Locals: number;
  i64Locals: number;
  code: Code;
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const Section = { Type: 1, Import: 2, Function: 3, Element: 9, Code: 10 } as const;
const Kind = { Function: 0, Table: 1, Memory: 2, Global: 3 } as const;
const FUNCTION_REFERENCE = 0x70;
const GLOBAL_GET = 0x23;

/** The module from which translations import: the memory, the table, the number of their slot, and two functions. */
export const IMPORTS = "e";
export const IMPORT_MEMORY = "m";
export const IMPORT_TABLE = "t";
export const IMPORT_SLOT = "s";
export const IMPORT_LOAD = "l";
export const IMPORT_STORE = "w";

/** The types of reachLoad() and reachStore() (machine/core/memory/shared.ts). Both have one result. */
const loadParameters = [I32, I64, I32];
const storeParameters = [I32, I64, I32, I64];
const reachResults = [I32];

/** A module with one function. */
export function encodeModule(function_: WasmFunction): Uint8Array<ArrayBuffer> {
  const module = new Bytes();
  const section = (id: number, write: (content: Bytes) => void): void => {
    const content = new Bytes();
    write(content);
    module.byte(id);
    module.unsigned(content.length);
    module.append(content);
  };
  const list = (content: Bytes, bytes: readonly number[]): void => {
    for (const byte of bytes) {
      content.byte(byte);
    }
  };
  list(module, MAGIC);
  section(Section.Type, (content) => {
    content.unsigned(3);
    for (const types of [
      [function_.parameters, function_.results],
      [loadParameters, reachResults],
      [storeParameters, reachResults],
    ]) {
      content.byte(FUNCTION);
      for (const list_ of types) {
        content.unsigned(list_.length);
        list(content, list_);
      }
    }
  });
  section(Section.Import, (content) => {
    const imported = (name: string, description: readonly number[]): void => {
      content.text(IMPORTS);
      content.text(name);
      list(content, description);
    };
    content.unsigned(5);
    imported(IMPORT_MEMORY, [Kind.Memory, 0, 0]);
    imported(IMPORT_TABLE, [Kind.Table, FUNCTION_REFERENCE, 0, 0]);
    imported(IMPORT_SLOT, [Kind.Global, I32, 0]);
    imported(IMPORT_LOAD, [Kind.Function, 1]);
    imported(IMPORT_STORE, [Kind.Function, 2]);
  });
  section(Section.Function, (content) => list(content, [1, 0]));
  // Table 0 gets function 2 into the slot; functions 0 and 1 are imported.
  section(Section.Element, (content) => list(content, [1, 0, GLOBAL_GET, 0, Wasm.End, 1, 2]));
  section(Section.Code, (content) => {
    const body = encodeBody(function_);
    content.unsigned(1);
    content.unsigned(body.length);
    content.append(body);
  });
  return module.result().slice();
}

function encodeBody({ i32Locals, i64Locals, code }: WasmFunction): Bytes {
  const body = new Bytes();
  body.unsigned(2);
  body.unsigned(i32Locals);
  body.byte(I32);
  body.unsigned(i64Locals);
  body.byte(I64);
  body.append(code.bytes);
  body.byte(Wasm.End);
  return body;
}
