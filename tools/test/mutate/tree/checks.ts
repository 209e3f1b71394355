// Finds the checks of the guest's code in asc's own tree, and puts a gate into each. The gate is a call to the host: it
// says whether this check holds. One module so has every mutant, and the host picks one, or none, while it runs.
//
//     if (index >= count) { return null; }       if (index >= count && holds(17)) { return null; }
//
// The gate comes last, so the host hears of it only when the check is about to refuse. A test that never makes the check
// refuse cannot miss it.
//
// Each way to be refused is a check of its own: both sides of an `||` in the condition of an `if` that only refuses, both
// sides of an `&&` that a function of type bool returns, and the condition of `c ? Refusal.None : Refusal.BadState`.
// A check's name is its file, its function, and its place among the function's checks: no line, so edits elsewhere keep it.
//
// Without a check a loop may have no end. So the turns of all loops are counted as well (turns.ts).

import type * as Core from "assemblyscript";
import { Transform } from "assemblyscript/transform";
import { childrenOf, parseStatements } from "./parse.ts";
import { onlyRefuses, refusesByName } from "./refusing.ts";
import { countTurns } from "./turns.ts";

type Compiler = typeof Core;

/** The gate's import, as guest code sees it. */
export const GATE_MODULE = "mutation";
export const GATE_NAME = "holds";

const GATE_LOCAL = "__checkHolds";

/** One check. */
export interface Check {
  readonly name: string;
  /** What the gate tells the host: a hash of the name, so it is the same in each compilation. */
  readonly number: number;
  readonly line: number;
  /** The condition, as written. */
  readonly text: string;
}

/** Puts a gate into each check of the files that `pathOf` knows, and counts the turns of the loops of all files. */
export class GateChecks extends Transform {
  readonly checks: Check[] = [];
  private readonly core: Compiler;
  private readonly pathOf: (source: string) => string | undefined;

  constructor(core: Compiler, pathOf: (source: string) => string | undefined) {
    super();
    this.core = core;
    this.pathOf = pathOf;
  }

  override afterParse(parser: Core.Parser): void {
    for (const source of parser.sources) {
      const path = this.pathOf(source.normalizedPath);
      if (path !== undefined) {
        this.checks.push(...gateSource(this.core, source, path));
      }
      countTurns(this.core, source);
    }
  }
}

/** asc drops what it knows of a variable that a gated check has compared with null. The code is right without that. */
export async function withoutNullErrors<T>(core: Compiler, work: () => Promise<T>): Promise<T> {
  const { isNonnull } = core.Flow.prototype;
  core.Flow.prototype.isNonnull = () => true;
  try {
    return await work();
  } finally {
    core.Flow.prototype.isNonnull = isNonnull;
  }
}

/** Puts the gates into one file. Gives its checks. */
export function gateSource(core: Compiler, source: Core.Source, path: string): Check[] {
  const gates = new Gates(core, source, path);
  for (const statement of source.statements) {
    gates.walk(statement, { name: "", returnsBool: false });
  }
  if (gates.checks.length > 0) {
    const declaration = `@external("${GATE_MODULE}", "${GATE_NAME}") declare function ${GATE_LOCAL}(check: u32): bool;`;
    source.statements.push(...parseStatements(core, declaration, source.normalizedPath));
  }
  return gates.checks;
}

/** The function around a node. */
interface Within {
  readonly name: string;
  readonly returnsBool: boolean;
}

class Gates {
  readonly checks: Check[] = [];
  private readonly core: Compiler;
  private readonly source: Core.Source;
  private readonly path: string;
  /** How many checks each function has so far. */
  private readonly counts = new Map<string, number>();
  private readonly or: Core.Token;
  private readonly and: Core.Token;

  constructor(core: Compiler, source: Core.Source, path: string) {
    this.core = core;
    this.source = source;
    this.path = path;
    this.or = this.binary("a || b").operator;
    this.and = this.binary("a && b").operator;
  }

  /** Gates the checks of a node and of all below it. */
  walk(node: Core.Node, within: Within): void {
    const { core } = this;
    let inner = within;
    if (node instanceof core.ClassDeclaration || node instanceof core.FunctionDeclaration) {
      const name = within.name === "" ? node.name.text : `${within.name}.${node.name.text}`;
      inner = { name, returnsBool: node instanceof core.FunctionDeclaration && this.returnsBool(node) };
    } else if (node instanceof core.IfStatement) {
      this.gateIf(node, within);
    } else if (node instanceof core.ReturnStatement && node.value !== null) {
      node.value = this.gateReturned(node.value, within);
    }
    for (const child of childrenOf(core, node)) {
      this.walk(child, inner);
    }
  }

  private gateIf(node: Core.IfStatement, within: Within): void {
    if (node.ifFalse === null && onlyRefuses(this.core, node.ifTrue)) {
      node.condition = this.gateParts(node.condition, this.or, within, "x && gate");
    }
  }

  private gateReturned(value: Core.Expression, within: Within): Core.Expression {
    const { core } = this;
    if (value instanceof core.TernaryExpression) {
      const [yes, no] = [value.ifThen, value.ifElse].map((arm) => refusesByName(core, arm));
      if (yes !== no) {
        const form = yes === true ? "x && gate" : "x || !gate";
        value.condition = this.gateParts(value.condition, yes === true ? this.or : this.and, within, form);
      }
      return value;
    }
    const isChain = value instanceof core.BinaryExpression && value.operator === this.and;
    return within.returnsBool && isChain ? this.gateParts(value, this.and, within, "x || !gate") : value;
  }

  /** Gates each operand of a chain of one operator. */
  private gateParts(
    node: Core.Expression,
    operator: Core.Token,
    within: Within,
    form: "x && gate" | "x || !gate",
  ): Core.Expression {
    const { core } = this;
    if (node instanceof core.ParenthesizedExpression) {
      node.expression = this.gateParts(node.expression, operator, within, form);
      return node;
    }
    if (node instanceof core.BinaryExpression && node.operator === operator) {
      node.left = this.gateParts(node.left, operator, within, form);
      node.right = this.gateParts(node.right, operator, within, form);
      return node;
    }
    const check = this.note(node, within);
    const gated = this.binary(form.replace("gate", `${GATE_LOCAL}(${check.number})`));
    gated.left = node;
    return gated;
  }

  private note({ range }: Core.Expression, within: Within): Check {
    const count = (this.counts.get(within.name) ?? 0) + 1;
    this.counts.set(within.name, count);
    const name = `${this.path}#${within.name}#${count}`;
    const line = this.source.text.slice(0, range.start).split("\n").length;
    const text = this.source.text.slice(range.start, range.end).replace(/\s+/g, " ");
    const check = { name, number: numberOf(name), line, text };
    this.checks.push(check);
    return check;
  }

  private returnsBool({ signature: { returnType } }: Core.FunctionDeclaration): boolean {
    return returnType instanceof this.core.NamedTypeNode && returnType.name.identifier.text === "bool";
  }

  private binary(text: string): Core.BinaryExpression {
    const [statement] = parseStatements(this.core, `${text};`, this.source.normalizedPath);
    const isExpression = statement instanceof this.core.ExpressionStatement;
    const expression = isExpression ? statement.expression : undefined;
    if (!(expression instanceof this.core.BinaryExpression)) {
      throw new Error(`${text} has no operator`);
    }
    return expression;
  }
}

/** FNV-1a in 32 bits. */
function numberOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}
