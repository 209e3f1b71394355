// A fault plan in words: what the disk does wrong, and when.
//
//     used-id@3            the third request
//     never@2-4            the second to the fourth
//     late@5-              the fifth and all after it
//     status-unknown       all of them
//
// Several faults are separated by commas, blanks or newlines; in a file, # begins a comment. What an event is depends on
// the kind (machine/core/devices/faults.ts).

import { FAULTS_MAX, Fault } from "../../build/gen/host/machine/core/devices/faults.ts";
import type { DiskFault } from "./machine.ts";
import { membersOf, wordOf } from "./members.ts";

/** What each kind does. */
const meanings: Readonly<Record<keyof typeof Fault, string>> = {
  UsedIndex: "the used index jumps ahead by more than was in flight",
  UsedId: "the used entry names a descriptor that was never handed over",
  UsedTwice: "a request is answered twice",
  LengthLarge: "the used length is larger than the request",
  LengthZero: "the used length is zero",
  StatusUnwritten: "data and answer are there, the status is not",
  StatusUnknown: "a status that does not exist",
  IoError: "the disk says that it failed, and wrote some of the data",
  Data: "a bit of the data is wrong",
  Late: "the answer comes after six seconds",
  Never: "there is no answer",
  NoInterrupt: "the answer is there, its interrupt is not",
  Storm: "the interrupt comes again and again for a tenth of a second",
  ConfigChanging: "the configuration changes while it is read (counts reads of it)",
  CapacityLarge: "the capacity is larger than the disk (counts reads of the configuration)",
  CapacityZero: "the capacity is zero (counts reads of the configuration)",
  ResetStuck: "the device does not reset (counts resets)",
  NeedsReset: "the device asks for a reset instead of answering",
};

/** The kinds as words, with their numbers, and what each does. */
export const faultKinds: readonly (readonly [word: string, kind: number, meaning: string])[] = membersOf(
  Fault,
).map(([name, kind]) => [wordOf(name), kind, meanings[name]]);

const EVENT_MAX = 2n ** 63n;

/** Reads a plan. @throws Error that names the wrong part */
export function parseFaults(text: string): DiskFault[] {
  const words = text
    .split("\n")
    .flatMap((line) => line.replace(/#.*/, "").split(/[\s,]+/))
    .filter((word) => word !== "");
  if (words.length > FAULTS_MAX) {
    throw new Error(`a plan has at most ${FAULTS_MAX} faults`);
  }
  return words.map(parseFault);
}

function parseFault(word: string): DiskFault {
  const [, name = "", first, dash, last] = /^([a-z-]+?)(?:@([0-9]+)(?:(-)([0-9]*))?)?$/.exec(word) ?? [];
  const kind = faultKinds.find(([known]) => known === name)?.[1];
  if (kind === undefined) {
    const known = faultKinds.map(([kindName]) => kindName).join(", ");
    throw new Error(`"${word}" is neither a fault nor a file: ${known}`);
  }
  if (first === undefined) {
    return { kind, first: 1n, last: EVENT_MAX };
  }
  const from = BigInt(first);
  const to = dash === undefined ? from : last === "" || last === undefined ? EVENT_MAX : BigInt(last);
  if (from < 1n || to < from || to > EVENT_MAX) {
    throw new Error(`"${word}" names no event`);
  }
  return { kind, first: from, last: to };
}
