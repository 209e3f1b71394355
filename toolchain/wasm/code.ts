// Decodes the body of one function: its locals, then its instructions.
//
// A body gives its own length. So an unknown instruction (SIMD, exceptions, tail calls) costs only this
// function: it is recorded as `refused`, the rest of the body is skipped, and the next function is read as usual.

import { type Bytes, malformed } from "./bytes.ts";
import {
  type Access,
  type FunctionBody,
  type FunctionType,
  type Instruction,
  isForeign,
  type Local,
  type Operation,
  type ValueType,
} from "./module.ts";
import {
  type AccessShape,
  Atomic,
  anyTypeOf,
  atomicShapes,
  Bulk,
  FIRST_LOAD,
  FIRST_NUMERIC,
  FIRST_STORE,
  isFloatName,
  loads,
  numericNames,
  Opcode,
  referenceOperators,
  rmwOperators,
  stores,
  tableOperators,
  VECTOR_BYTES,
  Vector,
  valueTypeOf,
} from "./opcodes.ts";

/** A function has at most this many locals, as in browsers. This bounds a run length. */
const LOCALS_MAX = 50_000;

const emptyType: FunctionType = { params: [], results: [] };

/**
 * Reads a body; `bytes` ends where the body ends.
 *
 * @param params the types of the function's parameters, which are its first locals
 * @param localNames by index, from the name section
 */
export function readBody(
  bytes: Bytes,
  types: readonly FunctionType[],
  params: readonly ValueType[],
  localNames: ReadonlyMap<number, string>,
): FunctionBody {
  const start = bytes.position;
  const locals: Local[] = params.map((type, index) => ({ type, name: localNames.get(index) }));
  const instructions: Instruction[] = [];
  const declared = readLocals(bytes, locals, localNames);
  if (declared !== undefined) {
    instructions.push({ ...declared, offset: start });
    return { start, end: bytes.end, locals, instructions };
  }
  while (!bytes.done) {
    const offset = bytes.position;
    const operation = readOperation(bytes, types);
    instructions.push({ ...operation, offset });
    if (operation.kind === "refused" && operation.op.startsWith("opcode")) {
      break;
    }
  }
  return { start, end: bytes.end, locals, instructions };
}

/** Reads the local declarations into `locals`. Gives a refusal for a type that is no number. */
function readLocals(
  bytes: Bytes,
  locals: Local[],
  localNames: ReadonlyMap<number, string>,
): Operation | undefined {
  const runs = bytes.u32();
  for (let run = 0; run < runs; run++) {
    const count = bytes.u32();
    if (locals.length + count > LOCALS_MAX) {
      throw malformed("too many locals", bytes.position);
    }
    const type = valueTypeOf(bytes.byte());
    if (type === undefined) {
      return refused("a local of a reference or vector type");
    }
    for (let index = 0; index < count; index++) {
      locals.push({ type, name: localNames.get(locals.length) });
    }
  }
  return undefined;
}

function isInteger(type: ValueType | undefined): boolean {
  return type === "i32" || type === "i64";
}

function refused(op: string): Operation {
  return { kind: "refused", op, float: isFloatName(op) };
}

function readOperation(bytes: Bytes, types: readonly FunctionType[]): Operation {
  const opcode = bytes.byte();
  const numeric = numericNames[opcode - FIRST_NUMERIC];
  if (numeric !== undefined) {
    return isFloatName(numeric) ? refused(numeric) : { kind: "numeric", op: numeric };
  }
  const load = loads[opcode - FIRST_LOAD];
  if (load !== undefined) {
    return readAccess(bytes, "load", load);
  }
  const store = stores[opcode - FIRST_STORE];
  if (store !== undefined) {
    return readAccess(bytes, "store", store);
  }
  switch (opcode) {
    case Opcode.Unreachable:
      return { kind: "unreachable" };
    case Opcode.Nop:
      return { kind: "nop" };
    case Opcode.Block:
      return readBlock(bytes, types, "block");
    case Opcode.Loop:
      return readBlock(bytes, types, "loop");
    case Opcode.If:
      return readBlock(bytes, types, "if");
    case Opcode.Else:
      return { kind: "else" };
    case Opcode.End:
      return { kind: "end" };
    case Opcode.Br:
      return { kind: "br", depth: bytes.u32() };
    case Opcode.BrIf:
      return { kind: "br_if", depth: bytes.u32() };
    case Opcode.BrTable:
      return { kind: "br_table", depths: bytes.list(() => bytes.u32()), otherwise: bytes.u32() };
    case Opcode.Return:
      return { kind: "return" };
    case Opcode.Call:
      return { kind: "call", index: bytes.u32() };
    case Opcode.CallIndirect: {
      const type = bytes.u32();
      return bytes.u32() === 0 ? { kind: "call_indirect", type } : refused("call_indirect of a second table");
    }
    case Opcode.Drop:
      return { kind: "drop" };
    case Opcode.Select:
      return { kind: "select" };
    case Opcode.SelectTyped: {
      const selected = bytes.list(() => anyTypeOf(bytes.byte()));
      const other = selected.find((type) => type !== "i32" && type !== "i64");
      return selected.every(isInteger)
        ? { kind: "select" }
        : refused(`select of ${other ?? "a typed reference"}`);
    }
    case Opcode.LocalGet:
      return { kind: "local.get", index: bytes.u32() };
    case Opcode.LocalSet:
      return { kind: "local.set", index: bytes.u32() };
    case Opcode.LocalTee:
      return { kind: "local.tee", index: bytes.u32() };
    case Opcode.GlobalGet:
      return { kind: "global.get", index: bytes.u32() };
    case Opcode.GlobalSet:
      return { kind: "global.set", index: bytes.u32() };
    case Opcode.MemorySize:
      return readReserved(bytes, { kind: "memory.size" });
    case Opcode.MemoryGrow:
      return readReserved(bytes, { kind: "memory.grow" });
    case Opcode.I32Const:
      return { kind: "const", type: "i32", value: bytes.s32() };
    case Opcode.I64Const:
      return { kind: "const", type: "i64", value: bytes.s64() };
    case Opcode.F32Const:
      bytes.take(4);
      return refused("f32.const");
    case Opcode.F64Const:
      bytes.take(8);
      return refused("f64.const");
    case Opcode.PrefixBulk:
      return readBulk(bytes);
    case Opcode.PrefixVector:
      return readVector(bytes);
    case Opcode.PrefixAtomic:
      return readAtomic(bytes);
    default:
      return readForeign(bytes, referenceOperators.get(opcode), `opcode 0x${opcode.toString(16)}`);
  }
}

/** An instruction without translation. If it is unknown, the rest of the body cannot be read. */
function readForeign(
  bytes: Bytes,
  known: readonly [name: string, immediates: number] | undefined,
  otherwise: string,
): Operation {
  if (known === undefined) {
    return refused(otherwise);
  }
  for (let count = 0; count < known[1]; count++) {
    bytes.s64();
  }
  return refused(known[0]);
}

function readBlock(bytes: Bytes, types: readonly FunctionType[], kind: "block" | "loop" | "if"): Operation {
  const type = readBlockType(bytes, types);
  const isKnown = ![...type.params, ...type.results].some(isForeign);
  return isKnown ? { kind, type } : refused(`${kind} of a reference or vector type`);
}

/** Steps over one byte that says "memory 0". */
function readReserved(bytes: Bytes, operation: Operation): Operation {
  return bytes.byte() === 0 ? operation : refused(`${operation.kind} of a second memory`);
}

function readBlockType(bytes: Bytes, types: readonly FunctionType[]): FunctionType {
  const offset = bytes.position;
  const byte = bytes.data[offset];
  if (byte === 0x40) {
    bytes.byte();
    return emptyType;
  }
  const result = byte === undefined ? undefined : anyTypeOf(byte);
  if (result !== undefined) {
    bytes.byte();
    return { params: [], results: [result] };
  }
  const type = types[Number(bytes.s64())];
  if (type === undefined) {
    throw malformed("a block's type does not exist", offset);
  }
  return type;
}

function readAccess(
  bytes: Bytes,
  kind: "load" | "store" | "atomic.load" | "atomic.store",
  shape: AccessShape,
): Operation {
  const access = readArgument(bytes, shape);
  return isFloatName(shape.type) ? refused(`${shape.type}.${kind}`) : { kind, access };
}

/** The largest alignment exponent that matters: 2^3 bytes, the widest integer. */
const ALIGN_EXPONENT_MAX = 3;

function readArgument(bytes: Bytes, shape: AccessShape): Access {
  const offset = bytes.position;
  const exponent = bytes.u32();
  if (exponent > ALIGN_EXPONENT_MAX) {
    throw malformed(`alignment 2^${exponent}`, offset);
  }
  return { ...shape, align: 2 ** exponent, offset: bytes.u32() };
}

function readBulk(bytes: Bytes): Operation {
  const sub = bytes.u32();
  switch (sub) {
    case Bulk.MemoryInit: {
      const segment = bytes.u32();
      return readReserved(bytes, { kind: "memory.init", segment });
    }
    case Bulk.DataDrop:
      return { kind: "data.drop", segment: bytes.u32() };
    case Bulk.MemoryCopy:
      return readReserved(bytes, readReserved(bytes, { kind: "memory.copy" }));
    case Bulk.MemoryFill:
      return readReserved(bytes, { kind: "memory.fill" });
    default:
      return sub < Bulk.MemoryInit
        ? refused(`saturating conversion from f32 or f64 (0xfc ${sub})`)
        : readForeign(bytes, tableOperators.get(sub), `opcode 0xfc ${sub}`);
  }
}

/** An instruction of 128-bit vectors. It is read to its end, so that the next one can be read. */
function readVector(bytes: Bytes): Operation {
  const sub = bytes.u32();
  if (sub > Vector.Last) {
    return refused(`opcode 0xfd ${sub}`);
  }
  const isAccess = sub <= Vector.Store || (sub >= Vector.LoadLane && sub <= Vector.LoadZeroLast);
  const isLane = sub >= Vector.LoadLane && sub <= Vector.StoreLaneLast;
  if (isAccess) {
    for (let count = 0; count < 2; count++) {
      bytes.u32();
    }
  }
  if (sub === Vector.Const || sub === Vector.Shuffle) {
    bytes.take(VECTOR_BYTES);
  }
  if (isLane || (sub >= Vector.ExtractLane && sub <= Vector.ReplaceLaneLast)) {
    bytes.byte();
  }
  const isStore = sub === Vector.Store || (sub >= Vector.StoreLane && sub <= Vector.StoreLaneLast);
  return refused(isStore ? "v128.store" : `a vector instruction (0xfd ${sub})`);
}

function readAtomic(bytes: Bytes): Operation {
  const sub = bytes.u32();
  switch (sub) {
    case Atomic.Notify:
    case Atomic.Wait32:
    case Atomic.Wait64:
      bytes.u32();
      bytes.u32();
      return refused(sub === Atomic.Notify ? "memory.atomic.notify" : "memory.atomic.wait");
    case Atomic.Fence:
      bytes.byte();
      return { kind: "atomic.fence" };
  }
  const widths = atomicShapes.length;
  const run = (first: number) => atomicShapes[(sub - first) % widths];
  if (sub >= Atomic.Load && sub < Atomic.Store) {
    const shape = run(Atomic.Load);
    if (shape) {
      return { kind: "atomic.load", access: readArgument(bytes, shape) };
    }
  }
  if (sub >= Atomic.Store && sub < Atomic.Rmw) {
    const shape = run(Atomic.Store);
    if (shape) {
      return { kind: "atomic.store", access: readArgument(bytes, shape) };
    }
  }
  if (sub >= Atomic.Rmw && sub < Atomic.Cmpxchg) {
    const shape = run(Atomic.Rmw);
    const op = rmwOperators[Math.floor((sub - Atomic.Rmw) / widths)];
    if (shape && op) {
      return { kind: "atomic.rmw", op, access: readArgument(bytes, shape) };
    }
  }
  if (sub >= Atomic.Cmpxchg && sub < Atomic.End) {
    const shape = run(Atomic.Cmpxchg);
    if (shape) {
      return { kind: "atomic.cmpxchg", access: readArgument(bytes, shape) };
    }
  }
  return refused(`opcode 0xfe ${sub}`);
}
