// Why code traps, in the words of the WebAssembly specification's tests, and ours for what has no translation.
//
// A guest's trap is an illegal instruction, whatever the reason: the fault's place says enough. Code under test calls
// a function with the reason's number instead (instance.ts), so that a trap for a wrong reason is a failure.

export const trapReasons = [
  "unreachable",
  "integer divide by zero",
  "integer overflow",
  "out of bounds memory access",
  "out of bounds table access",
  "undefined element",
  "uninitialized element",
  "indirect call type mismatch",
  "call stack exhausted",
  "floating point",
  "no translation",
] as const;

export type TrapReason = (typeof trapReasons)[number];

/** Gives the call that does not return, without its location. */
export type TrapCall = (reason: TrapReason) => string;

/**
 * An illegal instruction: what guests have. To LLVM nothing is read behind it, so a plain store in front of it may be
 * dropped. The memory of a guest that has trapped is not looked at; what has to be seen then is stored atomically.
 */
export const trapInstruction: TrapCall = () => "call void @llvm.trap()";

/** A barrier that only the compiler sees: it orders accesses, and emits nothing. */
export const COMPILER_BARRIER = 'fence syncscope("singlethread") seq_cst';

/** The same, behind every store: for a test that compares memory afterwards. */
export const trapBehindStores: TrapCall = () => `${COMPILER_BARRIER}\n  call void @llvm.trap()`;
