// The reasons of traps, in the words of the WebAssembly specification's tests, and two of our own for code without
// translation.
//
// A guest's trap is an illegal instruction for every reason: the fault's place says enough. Code under test calls
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
 * An illegal instruction, for guests. LLVM assumes that nothing is read after it, so it may drop a plain store before
 * it. The memory of a trapped guest is not read, and a value that has to be read is stored atomically.
 */
export const trapInstruction: TrapCall = () => "call void @llvm.trap()";

/** A barrier that only the compiler sees: it orders accesses, and emits nothing. */
export const COMPILER_BARRIER = 'fence syncscope("singlethread") seq_cst';

/** The same, after every earlier store, for a test that compares memory afterwards. */
export const trapBehindStores: TrapCall = () => `${COMPILER_BARRIER}\n  call void @llvm.trap()`;
