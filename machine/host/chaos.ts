// The kinds of chaos as words: each is something unpleasant that the architecture allows.
//
//     all                        every kind
//     switch,store-buffer        these two
//     all,-weak-stores           every kind but this one

import { Chaos } from "../../build/gen/host/machine/core/chaos/chaos.ts";
import { membersOf, wordOf } from "./members.ts";

/** What each kind does. */
const meanings: Readonly<Record<keyof typeof Chaos, string>> = {
  Switch: "turns end at the points that matter to races",
  StaleTranslation: "translations stay until sfence.vma",
  StaleCode: "decoded code stays until fence.i",
  StoreBuffer: "each hart has a store buffer (TSO)",
  ScFails: "SC fails without cause",
  EarlyWake: "WFI ends early",
  LateInterrupts: "interrupts come late and in another order",
  WeakStores: "stores leave the buffer in any order (RVWMO)",
  StaleFaults: "what is not mapped stays unmapped until sfence.vma",
  SoftwareMarks: "the hardware sets neither A nor D in a page table",
  KeepReservations: "traps keep LR's reservations",
  SlowFirmware: "starts, stops and remote fences take time, and harts see them half done",
};

/** The kinds as words, with their bits, and what each does. */
export const chaosKinds: readonly (readonly [word: string, bit: number, meaning: string])[] = membersOf(
  Chaos,
).map(([name, bit]) => [wordOf(name), bit, meanings[name]]);

const ALL = chaosKinds.reduce((mask, [, bit]) => mask | bit, 0);

/** Reads the words, separated by commas. @throws Error that names the wrong one */
export function parseChaos(text: string): number {
  let mask = 0;
  for (const word of text.split(",").map((part) => part.trim())) {
    const isOff = word.startsWith("-");
    const name = isOff ? word.slice(1) : word;
    const bit = name === "all" ? ALL : chaosKinds.find(([known]) => known === name)?.[1];
    if (bit === undefined) {
      const known = chaosKinds.map(([each]) => each).join(", ");
      throw new Error(`"${word}" is no kind of chaos: all, ${known}`);
    }
    mask = isOff ? mask & ~bit : mask | bit;
  }
  return mask;
}
