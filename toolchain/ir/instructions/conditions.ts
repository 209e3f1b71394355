// What a function's `if`s are, found before it is translated: which have an `else`, and whose result is only branched on.
//
// `a && b` is an `if` whose result is `b` in one arm and 0 in the other; `a || b` is 1 in one arm and `b` in the other. In
// `if (a && b)` nothing but the next instruction looks at that result, so both arms can branch at once (control.ts).

import type { Instruction } from "../../wasm/module.ts";

/** An `if` whose result is only branched on: by what follows it, or by the arm of another one that it ends. */
export interface Condition {
  readonly by: "next" | "arm";
  /** Whether the result is turned round on the way. */
  readonly flipped: boolean;
}

/** The `if`s with an `else` whose one result is only branched on, and to which no branch goes. */
export function findConditions(
  instructions: readonly Instruction[],
  withElse: ReadonlySet<number>,
): Map<number, Condition> {
  const found = new Map<number, Condition>();
  const open: number[] = [];
  const targets = new Set<number | undefined>();
  for (const [index, instruction] of instructions.entries()) {
    switch (instruction.kind) {
      case "block":
      case "loop":
      case "if":
        open.push(index);
        break;
      case "br":
      case "br_if":
        targets.add(open.at(-1 - instruction.depth));
        break;
      case "br_table":
        for (const depth of [...instruction.depths, instruction.otherwise]) {
          targets.add(open.at(-1 - depth));
        }
        break;
      case "end": {
        const start = open.pop();
        const condition = usedAs(instructions, index + 1);
        if (start !== undefined && condition !== undefined && withElse.has(start) && !targets.has(start)) {
          found.set(start, condition);
        }
      }
    }
  }
  return found;
}

/** What becomes of a result, from the instruction behind its block on; undefined if it is not only branched on. */
function usedAs(instructions: readonly Instruction[], next: number): Condition | undefined {
  let flipped = false;
  for (let index = next; ; index++) {
    const instruction = instructions[index];
    if (instruction?.kind === "numeric" && instruction.op === "i32.eqz") {
      flipped = !flipped;
    } else if (instruction?.kind === "if" || instruction?.kind === "br_if") {
      return { by: "next", flipped };
    } else {
      const isArm = instruction?.kind === "else" || instruction?.kind === "end";
      return isArm ? { by: "arm", flipped } : undefined;
    }
  }
}

/** Indices of the `if` instructions that have an `else`. */
export function findElses(instructions: readonly Instruction[]): Set<number> {
  const found = new Set<number>();
  const open: number[] = [];
  for (const [index, { kind }] of instructions.entries()) {
    if (kind === "block" || kind === "loop" || kind === "if") {
      open.push(index);
    } else if (kind === "end") {
      open.pop();
    } else if (kind === "else") {
      const start = open[open.length - 1];
      if (start !== undefined) {
        found.add(start);
      }
    }
  }
  return found;
}
