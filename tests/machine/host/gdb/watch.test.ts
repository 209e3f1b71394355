// Watchpoints on a booting kernel, forwards and backwards: gdb asks who wrote a place last, and the run stays as it is.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { VIRTIO } from "../../../../build/gen/host/machine/core/devices/bus.ts";
import { Event } from "../../../../build/gen/host/machine/core/trace.ts";
import { parseChaos } from "../../../../machine/host/chaos.ts";
import { Debugger } from "../../../../machine/host/gdb/debugger.ts";
import type { DebugStop } from "../../../../machine/host/gdb/stops.ts";
import { type MachineSettings, RAM_START } from "../../../../machine/host/machine.ts";
import { stateHash } from "../../../../machine/host/recording/recording.ts";
import { Run } from "../../../../machine/host/run.ts";
import { defined } from "../../../harness/defined.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, buildOnce } from "../../booting.ts";
import { Gdb } from "./client.ts";

/** In the middle of the self-tests, when all harts work: so many instructions after the start. */
const BUSY_INSTRUCTIONS = 8_000_000n;
const STEPS = 6_000n;
/** The kernel's code and data, by physical address. */
const KERNEL = 0x8020_0000n;
/** Where the kernel sees all of RAM, from its physical addresses on. */
const WINDOW = 0xffff_ffff_0000_0000n;
const KERNEL_BYTES = 0x40_0000;
const WORD = 8;
/** Of so many stops one is compared with a run without a debugger. */
const CHECKED_EACH = 5;
/** Where a used ring has its index (virtio 1.2, section 2.7.8). */
const USED_INDEX = 2n;
/** The register with the low half of the address of the used ring (section 4.2.2). */
const QUEUE_DEVICE = 0xa0n;
/** As many changing words are looked at. */
const WORDS = 4;

let module: WebAssembly.Module;
let settings: MachineSettings;

beforeAll(async () => {
  ({ settings } = (await bootEmbedded({ seed: 3n })).recording);
  module = await WebAssembly.compile(new Uint8Array(readFileSync((await buildOnce()).wasm)));
}, BOOT_TIMEOUT_MS);

function newRun(chaos = 0): Run {
  return new Run(module, { ...settings, chaos });
}

/** A run that stands where the system is busy. */
function busyRun(chaos = 0): Run {
  const run = newRun(chaos);
  while (run.machine.instructions < BUSY_INSTRUCTIONS) {
    run.advanceTo(run.clock + 50_000n);
  }
  return run;
}

/** Words of the kernel that change in the window, evenly spread over all that do. */
function changingWords(chaos: number): bigint[] {
  const run = busyRun(chaos);
  const read = (): Uint8Array => run.machine.readMemory(Number(KERNEL), KERNEL_BYTES).slice();
  const before = read();
  run.advanceTo(run.clock + STEPS);
  const after = read();
  const changed = Array.from({ length: KERNEL_BYTES / WORD }, (_, index) => index * WORD).filter((offset) =>
    before.subarray(offset, offset + WORD).some((byte, index) => byte !== after[offset + index]),
  );
  expect(changed.length).toBeGreaterThan(WORDS);
  const distance = Math.floor(changed.length / WORDS);
  return Array.from({ length: WORDS }, (_, index) => KERNEL + BigInt(defined(changed[index * distance])));
}

/** The clocks at which the words have changed, one instruction at a time. */
function changesOf(words: readonly bigint[], chaos: number): bigint[] {
  const run = busyRun(chaos);
  const end = run.clock + STEPS;
  const look = (): string => words.map((word) => run.machine.readMemory(Number(word), WORD).join()).join(";");
  const clocks: bigint[] = [];
  let before = look();
  while (run.clock < end) {
    run.advanceTo(run.clock + 1n);
    const now = look();
    if (now !== before) {
      clocks.push(run.clock);
      before = now;
    }
  }
  return clocks;
}

describe.each([
  ["without chaos", 0],
  ["with every chaos", parseChaos("all")],
])("a boot %s", (_, chaos) => {
  test(
    "stops for each change of watched words, and backwards for the same ones",
    () => {
      const words = changingWords(chaos);
      const changes = changesOf(words, chaos);
      expect(changes.length).toBeGreaterThanOrEqual(WORDS);

      const run = busyRun(chaos);
      const end = run.clock + STEPS;
      const debugged = new Debugger(run);
      for (const word of words) {
        expect(debugged.stops.setWatchpoint("write", 0, WINDOW + word, WORD)).toBe(true);
      }
      const clocks: bigint[] = [];
      const stops: DebugStop[] = [];
      for (;;) {
        const stop = debugged.continue(end - run.clock);
        if (stop === undefined) {
          break;
        }
        stops.push(stop);
        clocks.push(run.clock);
      }
      expect(changes.filter((clock) => !clocks.includes(clock))).toEqual([]);
      expect(new Set(stops.map(({ reason }) => reason))).toEqual(new Set(["watchpoint"]));
      const plain = busyRun(chaos);
      plain.advanceTo(end);
      expect(stateHash(run.machine)).toBe(stateHash(plain.machine));

      // Where it stops, the machine is as one that came there without a debugger, and going back at once undoes this stop.
      const checked = new Debugger(busyRun(chaos));
      for (const word of words) {
        checked.stops.setWatchpoint("write", 0, WINDOW + word, WORD);
      }
      const beside = busyRun(chaos);
      for (const [index, clock] of clocks.entries()) {
        expect(checked.continue(end - checked.run.clock)).toEqual(stops[index]);
        expect(checked.run.clock).toBe(clock);
        if (index % CHECKED_EACH === 0) {
          beside.advanceTo(clock);
          expect(stateHash(checked.run.machine)).toBe(stateHash(beside.machine));
          expect(checked.continueBack()).toEqual(stops[index]);
          checked.goToPresent();
        }
      }

      for (const [index, clock] of [...clocks.entries()].reverse().slice(0, 20)) {
        expect(debugged.continueBack()).toEqual(stops[index]);
        expect(run.clock).toBe(clock - 1n);
      }
    },
    BOOT_TIMEOUT_MS,
  );
});

const hex = (value: number | bigint): string => value.toString(16);

describe("gdb", () => {
  test("may write where it watches: that is no access of the machine", async () => {
    const word = WINDOW + defined(changingWords(0)[0]);
    const gdb = new Gdb(busyRun());
    await gdb.ask(`Z2,${hex(word)},8`);
    expect(await gdb.ask("c")).toContain("watch:");
    await gdb.ask("vCont;s");
    const value = await gdb.ask(`m${hex(word)},8`);
    const other = `${value.startsWith("5a") ? "a5" : "5a"}${value.slice(2)}`;
    expect(await gdb.ask(`M${hex(word)},8:${other}`)).toBe("OK");
    expect(await gdb.ask("bc")).toMatch(/^T05thread:[1-4];watch:/);
    expect(await gdb.ask(`m${hex(word)},8`)).not.toBe(other);
  });

  test(
    "is told which watchpoint an access met, goes back to before it, and finds the writer from the end of the boot",
    async () => {
      const word = WINDOW + defined(changingWords(0)[0]);
      const gdb = new Gdb(busyRun());
      const place = `${hex(word)},8`;
      expect(await gdb.ask(`Z2,${place}`)).toBe("OK");
      expect(await gdb.ask("c")).toMatch(new RegExp(`^T05thread:[1-4];watch:${hex(word)};$`));
      const after = gdb.run.clock;
      expect(await gdb.ask("bc")).toMatch(new RegExp(`^T05thread:[1-4];watch:${hex(word)};$`));
      expect(gdb.run.clock).toBe(after - 1n);
      // A step that makes the access tells of it too, and one that undoes it.
      expect(await gdb.ask("vCont;s")).toContain(`watch:${hex(word)};`);
      expect(gdb.run.clock).toBe(after);
      expect(await gdb.ask("bs")).toContain(`watch:${hex(word)};`);
      expect(await gdb.ask(`z2,${place}`)).toBe("OK");
      expect(await gdb.ask("c")).toContain("replaylog:end;");
      expect(await gdb.ask(`Z2,${place}`)).toBe("OK");
      expect(await gdb.ask("bc")).toContain(`watch:${hex(word)};`);
      expect(gdb.run.clock).toBeGreaterThanOrEqual(after - 1n);
    },
    BOOT_TIMEOUT_MS,
  );

  test("watches reads, and both", async () => {
    const gdb = new Gdb(busyRun());
    // Pages with words that change: such words are read too.
    const pages = changingWords(0).map((word) => hex(WINDOW + (word & ~0xfffn)));
    const places = [...new Set(pages)];
    for (const [kind, name] of [
      [3, "rwatch"],
      [4, "awatch"],
    ] as const) {
      for (const place of places) {
        expect(await gdb.ask(`Z${kind},${place},1000`)).toBe("OK");
      }
      expect(await gdb.ask("c")).toMatch(new RegExp(`;${name}:(${places.join("|")});$`));
      for (const place of places) {
        expect(await gdb.ask(`z${kind},${place},1000`)).toBe("OK");
      }
    }
  });

  test("finds what a device has written, and says that no hart did", async () => {
    const run = newRun();
    const queue: bigint[] = [];
    run.listen(({ kind, first, second }) => {
      if (kind === Event.DeviceWrite && first === VIRTIO + QUEUE_DEVICE) {
        queue.push(BigInt.asUintN(32, second));
      }
    });
    while (queue.length === 0) {
      run.advanceTo(run.clock + 10_000n);
    }
    run.listen(undefined);
    const index = defined(queue[0]) + USED_INDEX;
    const place = hex(WINDOW + index);
    const readIndex = (): number => run.machine.readMemory(Number(index), 1)[0] ?? 0;
    const gdb = new Gdb(run);
    expect(await gdb.ask(`Z2,${place},2`)).toBe("OK");
    expect(await gdb.ask("c")).toContain(`;watch:${place};`);
    expect(gdb.words.at(-1)).toBe("A device or the firmware made the access, not a hart.\n");
    const after = readIndex();
    expect(await gdb.ask("bc")).toContain(`;watch:${place};`);
    expect(readIndex()).toBe(after - 1);
  });

  test.each([
    ["a device's register", "10001000,4"],
    ["nothing", `${RAM_START.toString(16)},0`],
    ["more than a page", `${RAM_START.toString(16)},1001`],
    ["memory that is not there", "ffffffff00000000,8"],
  ])("may not watch %s", async (_, place) => {
    expect(await new Gdb(newRun()).ask(`Z2,${place}`)).toBe("E01");
  });

  test("may have sixteen watchpoints", async () => {
    const gdb = new Gdb(newRun());
    const set = (index: number): Promise<string> => gdb.ask(`Z2,${hex(RAM_START + index * 64)},8`);
    for (let index = 0; index < 16; index++) {
      expect(await set(index)).toBe("OK");
    }
    expect(await set(16)).toBe("E01");
    expect(await set(3)).toBe("OK");
  });
});
