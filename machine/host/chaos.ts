// Kinds of chaos in words: how hostile the machine is, within what the architecture allows.
//
//     all                        every kind
//     switch,store-buffer        these two
//     all,-weak-stores           every kind but this one

/** The kinds with their bits (machine/core/chaos.ts, `Chaos`), and what each does. */
export const chaosKinds: readonly (readonly [name: string, bit: number, meaning: string])[] = [
  ["switch", 1, "turns end at the points that matter to races"],
  ["stale-translation", 2, "translations stay until sfence.vma"],
  ["stale-code", 4, "decoded code stays until fence.i"],
  ["store-buffer", 8, "each hart has a store buffer (TSO)"],
  ["sc-fails", 16, "SC fails without cause"],
  ["early-wake", 32, "WFI ends early"],
  ["late-interrupts", 64, "interrupts come late and in another order"],
  ["weak-stores", 128, "stores leave the buffer in any order (RVWMO)"],
  ["stale-faults", 256, "what is not mapped stays so until sfence.vma"],
  ["software-marks", 512, "the hardware sets neither A nor D in a page table"],
  ["keep-reservations", 1024, "traps keep LR's reservations"],
  ["slow-firmware", 2048, "starts, stops and remote fences take time, and show what is half done"],
];

const ALL = chaosKinds.reduce((mask, [, bit]) => mask | bit, 0);

/** Reads the words, separated by commas. @throws Error that names the one which is wrong */
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
