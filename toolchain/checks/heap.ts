// The kernel has no heap. Everything that asc's runtime would do for a heap (`new` of a managed class, array literals,
// string concatenation, closures) ends in a call into `~lib/rt/`, and it would get its memory by `memory.grow`.

import type { Diagnostic } from "../../host/problem.ts";
import { onePerLine, type Survey } from "./survey.ts";

/** All of asc's runtime, except the accessors of an object's header, which the length of a string needs. */
export function isAllocator(functionName: string): boolean {
  return functionName.startsWith("~lib/rt/") && !functionName.startsWith("~lib/rt/common/");
}

/** @returns one finding for each line that calls an allocator or grows memory */
export function checkHeap(survey: Survey): Diagnostic[] {
  const findings: Diagnostic[] = [];
  for (const site of survey.sites()) {
    if (isAllocator(site.fn.name)) {
      continue;
    }
    const { instruction } = site;
    if (instruction.kind === "memory.grow") {
      findings.push(...survey.blame("memory.grow: there is no heap here", site));
    }
    if (instruction.kind !== "call") {
      continue;
    }
    const callee = survey.module.functions[instruction.index];
    if (callee !== undefined && isAllocator(callee.name)) {
      findings.push(...survey.blame(`call of the allocator ${callee.name}: there is no heap here`, site));
    }
  }
  return onePerLine(findings);
}
