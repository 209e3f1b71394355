// The beginning and the end of every file of IR: the target, attributes, and LLVM's own functions.

/** The target, as LLVM 21 has it for riscv64. */
export const HEADER: readonly string[] = [
  'target datalayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128"',
  'target triple = "riscv64-unknown-none-elf"',
];

/** The target of toolchain/link/objects.ts in LLVM's words. A function that names features of its own repeats them. */
const TARGET_FEATURES = "+64bit,+m,+a,+c,+zicsr,+zifencei,+relax";

/** The attributes of each function (`#0`, or `#2` if it uses Zbb) and of each pure piece of assembly (`#1`). */
export const ATTRIBUTES: readonly string[] = [
  "attributes #0 = { nounwind null_pointer_is_valid }",
  "attributes #1 = { nounwind memory(none) }",
  `attributes #2 = { nounwind null_pointer_is_valid "target-features"="${TARGET_FEATURES},+zbb" }`,
];

/** The node that has a loop unrolled, by a number that debug.ts does not reach. */
const UNROLLED = 1_000_000_000;

/** The lines of a function, its loops to be unrolled. LLVM looks for that at each branch back to a loop's head. */
export function withLoopsUnrolled(lines: readonly string[]): string[] {
  return lines.map((line) =>
    /^ *br .*label %loop\d/.test(line)
      ? line.replace(/(, !dbg !\d+)?$/, (place) => `, !llvm.loop !${UNROLLED}${place}`)
      : line,
  );
}

/** What the module has to end with if `lines` have such loops. */
export function unrolledNodes(lines: readonly string[]): string[] {
  if (!lines.some((line) => line.includes(`!llvm.loop !${UNROLLED}`))) {
    return [];
  }
  const how = UNROLLED + 1;
  return [`!${UNROLLED} = distinct !{!${UNROLLED}, !${how}}`, `!${how} = !{!"llvm.loop.unroll.full"}`];
}

/** Functions of our own library that code calls by name (source/libs/builtins/memory.S). */
const LIBRARY: ReadonlyMap<string, string> = new Map([
  ["memmove", "ptr @memmove(ptr, ptr, i64)"],
  ["memset", "ptr @memset(ptr, i32, i64)"],
]);

/** Declares those of LLVM's own functions, and of the library's, that `lines` call. */
export function intrinsicDeclarations(lines: readonly string[]): string[] {
  const used = new Set<string>();
  for (const line of lines) {
    const match = /call [a-z0-9]+ @(llvm\.[a-z0-9.]+|memmove|memset)\(/.exec(line);
    if (match?.[1] !== undefined) {
      used.add(match[1]);
    }
  }
  return [...used].sort().map((name) => `declare ${llvmSignature(name)}`);
}

/** The declarations, such as `void @llvm.trap()`, of the few functions that the translator uses. */
function llvmSignature(name: string): string {
  const library = LIBRARY.get(name);
  if (library !== undefined) {
    return library;
  }
  const type = name.endsWith("i64") ? "i64" : "i32";
  if (name === "llvm.trap") {
    return "void @llvm.trap()";
  }
  if (name === "llvm.dbg.declare") {
    return "void @llvm.dbg.declare(metadata, metadata, metadata)";
  }
  if (name === "llvm.expect.i1") {
    return "i1 @llvm.expect.i1(i1, i1)";
  }
  if (name.startsWith("llvm.mem")) {
    return name.startsWith("llvm.memset")
      ? `void @${name}(ptr, i8, i64, i1)`
      : `void @${name}(ptr, ptr, i64, i1)`;
  }
  if (name.startsWith("llvm.fsh")) {
    return `${type} @${name}(${type}, ${type}, ${type})`;
  }
  if (name.startsWith("llvm.ctpop")) {
    return `${type} @${name}(${type})`;
  }
  return `${type} @${name}(${type}, i1)`;
}
