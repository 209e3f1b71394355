// Instructions that TypeScript cannot express: functions of a module called `intrinsics` are not called, but written
// out in place.
//
// All except `hartPointer`, `multiplyHigh` and what a function says about itself are volatile and a compiler barrier: no
// memory access is moved across one. The table also holds each one's signature, so that a wrong declaration in the guest
// is a build error and not a wrong register.

import type { FunctionType, ValueType } from "../../wasm/module.ts";
import { type Builder, Value } from "../builder.ts";
import { pointer } from "./reach.ts";
import { COMPILER_BARRIER } from "./traps.ts";

export interface Intrinsic {
  readonly type: FunctionType;
  /** Writes the instructions; takes its arguments from the stack, leaves its result there. */
  emit(builder: Builder): void;
}

/** Names in TypeScript and in assembly. `stimecmp` (Sstc) by number: it is unknown to a plain rv64imac. */
const CSRS: readonly (readonly [string, string])[] = [
  ["Sstatus", "sstatus"],
  ["Sie", "sie"],
  ["Sip", "sip"],
  ["Stvec", "stvec"],
  ["Sscratch", "sscratch"],
  ["Sepc", "sepc"],
  ["Scause", "scause"],
  ["Stval", "stval"],
  ["Satp", "satp"],
  ["Scounteren", "scounteren"],
  ["Stimecmp", "0x14d"],
];

/** Prefix of the function's name, and the instruction with the CSR's and the value's places. */
const CSR_WRITES: readonly (readonly [string, string])[] = [
  ["write", "csrw"],
  ["set", "csrs"],
  ["clear", "csrc"],
];

function signature(params: readonly ValueType[], results: readonly ValueType[]): FunctionType {
  return { params, results };
}

/** An instruction that gives an i64. */
function reads(assembly: string): Intrinsic {
  return {
    type: signature([], ["i64"]),
    emit: (builder) => builder.pushNew("i64", `call i64 asm sideeffect "${assembly}", "=r,~{memory}"()`),
  };
}

/** An instruction that takes an i64. */
function writes(assembly: string): Intrinsic {
  return {
    type: signature(["i64"], []),
    emit: (builder) =>
      builder.emit(`call void asm sideeffect "${assembly}", "r,~{memory}"(i64 ${builder.pop().text})`),
  };
}

function executes(assembly: string): Intrinsic {
  return {
    type: signature([], []),
    emit: (builder) => builder.emit(`call void asm sideeffect "${assembly}", "~{memory}"()`),
  };
}

function volatileLoad(bits: number): Intrinsic {
  const type = bits === 64 ? "i64" : "i32";
  return {
    type: signature(["i32"], [type]),
    emit: (builder) => {
      const at = pointer(builder, builder.pop(), 0);
      builder.emit(COMPILER_BARRIER);
      const loaded = builder.assign(`load volatile i${bits}, ptr ${at}, align ${bits / 8}`);
      builder.emit(COMPILER_BARRIER);
      builder.pushText(type, bits < 32 ? builder.assign(`zext i${bits} ${loaded} to i32`) : loaded);
    },
  };
}

function volatileStore(bits: number): Intrinsic {
  const type = bits === 64 ? "i64" : "i32";
  return {
    type: signature(["i32", type], []),
    emit: (builder) => {
      const value = builder.pop();
      const at = pointer(builder, builder.pop(), 0);
      const text = bits < 32 ? builder.assign(`trunc i32 ${value.text} to i${bits}`) : value.text;
      builder.emit(COMPILER_BARRIER);
      builder.emit(`store volatile i${bits} ${text}, ptr ${at}, align ${bits / 8}`);
      builder.emit(COMPILER_BARRIER);
    },
  };
}

/**
 * Reads tp, which holds the address of this hart's (or thread's) block. Pure: it may be read once and kept, so code
 * must not go on on another hart in the middle of a function. The twin is the register itself, a whole 64-bit address.
 */
const hartPointer: Intrinsic = {
  type: signature([], ["i32"]),
  emit: (builder) => {
    const register = builder.assign('call i64 asm "mv $0, tp", "=r"() #1');
    const text = () => builder.assign(`trunc i64 ${register} to i32`);
    builder.push(new Value("i32", text, { wide: () => register }));
  },
};

/**
 * A function calls this to say that it must not be inlined. Without it LLVM puts the rare part of a function back in,
 * and the usual part then saves registers for it. No instruction.
 */
export const outOfLine: Intrinsic = { type: signature([], []), emit: () => {} };

/**
 * A function calls this to have its loops unrolled, where LLVM can count their turns. It is meant for turns that differ in
 * constants alone: these become a part of the instructions. No instruction.
 */
export const unrolled: Intrinsic = { type: signature([], []), emit: () => {} };

/**
 * A function calls this to say that it may use the instructions of Zbb. Its callers have to know that the hart has them. No
 * instruction.
 */
export const usesZbb: Intrinsic = { type: signature([], []), emit: () => {} };

/** The upper half of a product of 128 bits, for which LLVM has the one instruction `mulhu`. Pure. */
const multiplyHigh: Intrinsic = {
  type: signature(["i64", "i64"], ["i64"]),
  emit: (builder) => {
    const [left, right] = builder.popMany(2).map(({ text }) => builder.assign(`zext i64 ${text} to i128`));
    const product = builder.assign(`mul nuw i128 ${left}, ${right}`);
    builder.pushNew("i64", `trunc i128 ${builder.assign(`lshr i128 ${product}, 64`)} to i64`);
  },
};

function trapNow(builder: Builder): void {
  builder.emit(COMPILER_BARRIER);
  builder.trap("unreachable");
}

function makeTable(): Map<string, Intrinsic> {
  const table = new Map<string, Intrinsic>();
  for (const [name, csr] of CSRS) {
    table.set(`read${name}`, reads(`csrr $0, ${csr}`));
    for (const [verb, instruction] of CSR_WRITES) {
      table.set(`${verb}${name}`, writes(`${instruction} ${csr}, $0`));
    }
  }
  table.set("readTime", reads("rdtime $0"));
  table.set("readCycle", reads("rdcycle $0"));
  table.set("readInstret", reads("rdinstret $0"));
  table.set("hartPointer", hartPointer);
  table.set("wfi", executes("wfi"));
  table.set("fence", executes("fence rw, rw"));
  table.set("fenceAcquire", executes("fence r, rw"));
  table.set("fenceRelease", executes("fence rw, w"));
  table.set("fenceIo", executes("fence iorw, iorw"));
  table.set("fenceI", executes("fence.i"));
  table.set("sfenceVma", executes("sfence.vma"));
  table.set("sfenceVmaPage", writes("sfence.vma $0, zero"));
  for (const bits of [8, 16, 32, 64]) {
    table.set(`volatileLoad${bits}`, volatileLoad(bits));
    table.set(`volatileStore${bits}`, volatileStore(bits));
  }
  table.set("multiplyHigh", multiplyHigh);
  table.set("outOfLine", outOfLine);
  table.set("unrolled", unrolled);
  table.set("usesZbb", usesZbb);
  table.set("trap", { type: signature([], []), emit: trapNow });
  return table;
}

/** The intrinsics, by the function's name in the guest's `intrinsics` module. */
export const intrinsics: ReadonlyMap<string, Intrinsic> = makeTable();
