// What went wrong in a run that has ended: everything that is not as it should be, the cause first where it is known.

import type { MachineEnd } from "../machines/machine.ts";
import { causeInComplaints, causeOnConsole } from "./cause.ts";
import type { LadderVerdict } from "./ladder.ts";
import type { Panic } from "./panic.ts";
import type { JudgedProof } from "./proof.ts";

/** Why the runner ended a machine whose person wanted no more. */
export const INTERRUPTED = "interrupted";

/** nexus-init's line about a command: it left with an exit code, or was not there to be started. */
const COMMAND_FAILED =
  /^nexus-init: ((\S+) ended: exit code \d+\(.+\)|cannot (?:read pkg:\/\/bin\/|start )([^\s:]+)[: ].*)$/;

/** A run that has ended, as it was seen from outside. */
export interface EndedRun {
  /** What the guest was to start. */
  run: string;
  /** Every console line. */
  lines: readonly string[];
  verdict: LadderVerdict;
  proofs: readonly JudgedProof[];
  panic: Panic | undefined;
  end: MachineEnd;
  /** Why the runner ended the machine, if it did. */
  stoppedBecause: string | undefined;
  /** A person ended the machine, or the guest was done with it: then its status says nothing. */
  isEndExpected: boolean;
}

/** What went wrong, the cause first where it is known; empty if nothing did. */
export function problemsOf(ended: EndedRun): string[] {
  const found = findings(ended);
  const cause = found.length === 0 ? undefined : causeOf(ended);
  return cause === undefined ? found : [cause, ...found.filter((problem) => problem !== cause)];
}

/** All that is not as it should be. */
function findings(ended: EndedRun): string[] {
  const { run, lines, verdict, proofs, panic, end, stoppedBecause } = ended;
  const found = panic === undefined ? [] : [panicText(panic)];
  found.push(...verdict.problems);
  for (const { name, problem } of proofs) {
    if (problem !== undefined) {
      found.push(`the proof "${name}" does not hold: ${problem}`);
    }
  }
  const [first, ...others] = verdict.missing;
  if (first !== undefined) {
    const rest = others.length === 0 ? "" : ` (and ${others.length} more)`;
    found.push(`this marker never came: "${first.text}"${rest}`);
  }
  found.push(...failedCommands(run, lines), ...failedSystem(lines));
  if (stoppedBecause !== undefined && panic === undefined) {
    found.push(stoppedBecause);
  }
  if (endedBadly(ended)) {
    found.push(endText(end));
  }
  return found;
}

/** The problem, or the guest's line, that is the cause of all the others. */
function causeOf(ended: EndedRun): string | undefined {
  const { run, lines, panic, end, stoppedBecause } = ended;
  if (panic !== undefined) {
    return panicText(panic);
  }
  if (stoppedBecause === INTERRUPTED) {
    return INTERRUPTED;
  }
  if (end.endedBy !== undefined) {
    return endText(end);
  }
  const told = causeOnConsole(lines, commandNames(run));
  const complaint = endedBadly(ended) ? causeInComplaints(end.complaints) : undefined;
  return told ?? (complaint === undefined ? undefined : `the machine complained: ${complaint}`);
}

function endedBadly({ end, stoppedBecause, isEndExpected }: EndedRun): boolean {
  return end.status !== 0 && stoppedBecause === undefined && !isEndExpected;
}

function panicText({ line }: Panic): string {
  return `the kernel panicked: ${line}`;
}

/** How a machine ended that did not end as it should. */
function endText({ status, endedBy }: MachineEnd): string {
  if (endedBy !== undefined) {
    return `${endedBy} ended the machine`;
  }
  return `the machine ended with ${status === undefined ? "a signal" : `status ${status}`}`;
}

/** What nexus-init says of commands of the run that left with another exit code than 0, or that it could not start. */
function failedCommands(run: string, lines: readonly string[]): string[] {
  const names = commandNames(run);
  return lines
    .map((line) => COMMAND_FAILED.exec(line))
    .flatMap((found) =>
      found !== null && names.includes(found[2] ?? found[3] ?? "") ? [found[1] ?? ""] : [],
    );
}

/** The programs that a run starts. */
function commandNames(run: string): string[] {
  return run.split(";").map((command) => command.trim().split(" ")[0] ?? "");
}

/** What the kernel says if nexus-init ended before the run did. */
function failedSystem(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^neuron: (nexus-init ended[^;]*)/.exec(line)?.[1] ?? []);
}
