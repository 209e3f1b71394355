// Counts the turns of all loops, in asc's own tree. Without a check a loop may have no end; the count says so after the same
// turn in each run, on any machine and beside any load, which no time limit does.
//
//     while (a) { work(); }       while (a) { countTurn(); work(); }
//
// The module counts for itself, and tells the host only after each round of many turns.

import type * as Core from "assemblyscript";
import { childrenOf, parseStatements } from "./parse.ts";

type Compiler = typeof Core;

/** The import that is called after each round, as guest code sees it. */
export const ROUND_MODULE = "mutation";
export const ROUND_NAME = "turned";
/** Turns in a round. A power of two. */
export const TURNS_A_ROUND = 65_536;

const COUNT_LOCAL = "__countTurn";

const counter = `
  @external("${ROUND_MODULE}", "${ROUND_NAME}") declare function __turned(): void;
  let __turns: u32 = 0;
  @inline function ${COUNT_LOCAL}(): void {
    __turns++;
    if ((__turns & ${TURNS_A_ROUND - 1}) === 0) __turned();
  }`;

/** Has the loops of one file counted. */
export function countTurns(core: Compiler, source: Core.Source): void {
  const path = source.normalizedPath;
  let loops = 0;
  const walk = (node: Core.Node): void => {
    for (const child of childrenOf(core, node)) {
      walk(child);
    }
    const isLoop =
      node instanceof core.ForStatement ||
      node instanceof core.WhileStatement ||
      node instanceof core.DoStatement;
    if (isLoop) {
      const count = parseStatements(core, `${COUNT_LOCAL}();`, path);
      node.body = core.Node.createBlockStatement([...count, node.body], node.body.range);
      loops++;
    }
  };
  for (const statement of source.statements) {
    walk(statement);
  }
  if (loops > 0) {
    source.statements.push(...parseStatements(core, counter, path));
  }
}
