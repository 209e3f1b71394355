// Parts of asc's tree: from a text, and below a node.

import type * as Core from "assemblyscript";

type Compiler = typeof Core;

/** The statements of a text, as if they stood in the file with this path. */
export function parseStatements(core: Compiler, text: string, path: string): Core.Statement[] {
  const parser = new core.Parser();
  parser.parseFile(text, path, true);
  const statements = parser.sources[0]?.statements ?? [];
  if (statements.length === 0 || parser.diagnostics.length > 0) {
    throw new Error(`asc does not parse ${text}`);
  }
  return statements;
}

/** The nodes right below a node. */
export function childrenOf(core: Compiler, node: Core.Node): Core.Node[] {
  const values: unknown[] = Object.values(node).flat();
  return values.filter((value): value is Core.Node => value instanceof core.Node);
}
