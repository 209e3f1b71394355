// How the translator says no. Every refusal names the guest function and, through asc's source map, the
// TypeScript file and line that caused it, so that a build error reads like any other compiler's.

/** A place in guest source, as asc's source map gives it. `line` and `column` count from 1. */
export interface Position {
  /** Path from the repository root, or below `~lib/` for the compiler's own library. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that a guest module may not contain. */
export interface Problem {
  readonly message: string;
  /** The function's name as asc gives it, where the problem lies in one. */
  readonly functionName?: string | undefined;
  readonly position?: Position | undefined;
}

/** `file:line:column: message (in function)`, the parts that are known. */
export function describeProblem(problem: Problem): string {
  const { message, functionName, position } = problem;
  const where = position === undefined ? "" : `${position.file}:${position.line}:${position.column}: `;
  const inside = functionName === undefined ? "" : ` (in ${functionName})`;
  return `${where}${message}${inside}`;
}

/** Thrown for a module that cannot become RV64. Holds every problem that was found, not only the first. */
export class ToolchainError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(describeProblem).join("\n"));
    this.name = "ToolchainError";
    this.problems = problems;
  }
}
