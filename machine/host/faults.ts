// A fault plan in words: what the disk does wrong, and when.
//
//     used-id@3            the third request
//     never@2-4            the second to the fourth
//     late@5-              the fifth and all after it
//     status-unknown       all of them
//
// Several are separated by commas, blanks or lines; in a file, # begins a comment. The numbers of the kinds are those of
// machine/core/faults.ts; what an event is depends on the kind, and is said there.

import type { DiskFault } from "./machine.ts";

/** The kinds, in the order of their numbers, each with what it does. */
export const faultKinds: readonly (readonly [name: string, meaning: string])[] = [
  ["used-index", "the used index jumps ahead by more than was in flight"],
  ["used-id", "the used entry names a descriptor that was never handed over"],
  ["used-twice", "a request is answered twice"],
  ["length-large", "the used length is larger than the request"],
  ["length-zero", "the used length is zero"],
  ["status-unwritten", "data and answer are there, the status is not"],
  ["status-unknown", "a status that does not exist"],
  ["io-error", "the disk says that it failed, and wrote some of the data"],
  ["data", "a bit of the data is wrong"],
  ["late", "the answer comes after six seconds"],
  ["never", "there is no answer"],
  ["no-interrupt", "the answer is there, its interrupt is not"],
  ["storm", "the interrupt comes again and again for a tenth of a second"],
  ["config-changing", "the configuration changes while it is read (counts reads of it)"],
  ["capacity-large", "the capacity is larger than the disk (counts reads of the configuration)"],
  ["capacity-zero", "the capacity is zero (counts reads of the configuration)"],
  ["reset-stuck", "the device does not reset (counts resets)"],
  ["needs-reset", "the device asks for a reset instead of answering"],
];

/** As many as the machine takes (machine/core/faults.ts, FAULTS_MAX). */
const FAULTS_MAX = 64;
const EVENT_MAX = 2n ** 63n;

/** Reads a plan. @throws Error that names the part which is wrong */
export function parseFaults(text: string): DiskFault[] {
  const words = text
    .split("\n")
    .flatMap((line) => line.replace(/#.*/, "").split(/[\s,]+/))
    .filter((word) => word !== "");
  if (words.length > FAULTS_MAX) throw new Error(`a plan has at most ${FAULTS_MAX} faults`);
  return words.map(parseFault);
}

function parseFault(word: string): DiskFault {
  const [, name = "", first, dash, last] = /^([a-z-]+?)(?:@([0-9]+)(?:(-)([0-9]*))?)?$/.exec(word) ?? [];
  const kind = faultKinds.findIndex(([known]) => known === name);
  if (kind < 0) {
    const known = faultKinds.map(([kindName]) => kindName).join(", ");
    throw new Error(`"${word}" is no fault, and no file: ${known}`);
  }
  if (first === undefined) return { kind, first: 1n, last: EVENT_MAX };
  const from = BigInt(first);
  const to = dash === undefined ? from : last === "" || last === undefined ? EVENT_MAX : BigInt(last);
  if (from < 1n || to < from || to > EVENT_MAX) throw new Error(`"${word}" strikes at no event`);
  return { kind, first: from, last: to };
}
