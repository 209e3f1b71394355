// An error that a person can act on: what happened, to what, and what to try.
//
// Everything on the host that fails for a reason outside its own code throws a Problem: a guest source that does
// not compile, a tool that is not installed, an image that does not verify. The command line prints its parts in
// a fixed order (host/print-problem.ts) and ends with its exit code. Any other exception is a bug of ours, and is
// printed with its stack.

/** One place in a source file. Lines and columns count from 1; `text` is the whole line, when it is known. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text?: string;
}

/** One finding, with or without a place. `severity` decides whether a build goes on. */
export interface Diagnostic {
  readonly severity: "error" | "warning" | "info";
  readonly message: string;
  readonly place?: SourcePlace;
}

/** What a Problem may have beside its first sentence. */
export interface ProblemDetails {
  /** What the problem is about: a file, a command, a program's name. */
  readonly subject?: string;
  /** What to try next, one sentence a line. */
  readonly hints?: readonly string[];
  /** The single findings, in order, e.g. a compiler's diagnostics. */
  readonly diagnostics?: readonly Diagnostic[];
  /** The output of another program, unchanged. */
  readonly output?: string;
  /** 1: it failed (the default); 2: it was called wrongly. */
  readonly exitCode?: 1 | 2;
}

/** An error that is not a bug: its message is for the user. */
export class Problem extends Error {
  readonly details: ProblemDetails;

  constructor(message: string, details: ProblemDetails = {}) {
    super(message);
    this.name = "Problem";
    this.details = details;
  }
}

/**
 * One error for several pieces of work that failed at the same time, with every sentence and every finding once. An
 * error that is no Problem is a bug, and comes first.
 */
export function combine(errors: readonly unknown[]): unknown {
  const problems = errors.filter((error): error is Problem => error instanceof Problem);
  const bug = errors.find((error) => !(error instanceof Problem));
  const [first] = problems;
  if (bug !== undefined || first === undefined || problems.length === 1) {
    return bug ?? first;
  }
  const findings = problems.flatMap(({ details }) => details.diagnostics ?? []);
  const unique = new Map(findings.map((finding) => [JSON.stringify(finding), finding]));
  const output = problems.flatMap(({ details }) => details.output ?? []).join("");
  const hints = new Set(problems.flatMap(({ details }) => details.hints ?? []));
  const messages = new Set(problems.map(({ message }) => message));
  return new Problem([...messages].join("; "), {
    diagnostics: [...unique.values()],
    hints: [...hints],
    ...(output === "" ? {} : { output }),
  });
}
