// The translator's error. It holds every finding in a module, each with the guest
// function and, through asc's source map, the TypeScript file and line.

import { type Diagnostic, Problem, type SourcePlace } from "../../host/problem.ts";

/** Thrown for a module that cannot become RV64. `diagnostics` holds every finding, in the module's order. */
export class ToolchainError extends Problem {
  readonly diagnostics: readonly Diagnostic[];

  constructor(message: string, diagnostics: readonly Diagnostic[]) {
    super(message, { diagnostics });
    this.name = "ToolchainError";
    this.diagnostics = diagnostics;
  }
}

/** A finding of severity `error`, with or without a place. */
export function refusal(message: string, place?: SourcePlace | undefined): Diagnostic {
  return place === undefined ? { severity: "error", message } : { severity: "error", message, place };
}

/** `file:line:column: message`, without the unknown parts. */
export function describe(diagnostic: Diagnostic): string {
  const { message, place } = diagnostic;
  return place === undefined ? message : `${place.file}:${place.line}:${place.column}: ${message}`;
}
