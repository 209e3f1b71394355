// "A hart begins in the kernel's text, nowhere else": the two entries that there are come from the linker, and are
// checked all the same before the firmware hears of them. Nothing else names one.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listFiles } from "../../host/files.ts";
import { type Guest, guest, root } from "../harness/guest.ts";

const KERNEL_FOLDER = "source/kernel/neuron/src";
const TEXT_START = 0x8020_0000;
const TEXT_END = 0x8021_0000;
const EXTENSION_HSM = 0x48534dn;
const HART_START = 0n;
const HART_GET_STATUS = 2n;
/** HSM's state of a hart that can be started (SBI 9.1). */
const STOPPED = 1n;

const face = `
import { hartAt, initHart, setHartCount, thisHart } from "kernel/neuron/src/arch/riscv/hart";
import { timerInit } from "kernel/neuron/src/arch/riscv/timer";
import * as smp from "kernel/neuron/src/arch/riscv/smp";
export { isKernelText, parkHart } from "kernel/neuron/src/arch/riscv/smp";
export function prepare(): void {
  setHartCount(2);
  for (let i: u32 = 0; i < 2; i++) initHart(i, <u64>i + 10);
  timerInit(10_000_000, true);
}
export function startOther(): bool { return smp.startHart(thisHart(), 1); }
`;

interface Started {
  hartid: bigint;
  entry: bigint;
}

/** The kernel's code that starts harts, with an entry where the test says; and what the firmware is asked for. */
async function kernel(entry: number): Promise<{ guest: Guest; started: Started[] }> {
  const started: Started[] = [];
  let time = 0n;
  let memory: WebAssembly.Memory | undefined;
  const sbiEcall = (
    extension: bigint,
    functionId: bigint,
    hartid: bigint,
    address: bigint,
    ...[, , , valueAddress]: [bigint, bigint, bigint, number]
  ): bigint => {
    if (extension !== EXTENSION_HSM) {
      return 0n;
    }
    if (functionId === HART_START) {
      started.push({ hartid, entry: address });
    }
    if (functionId === HART_GET_STATUS && memory) {
      new DataView(memory.buffer).setBigUint64(valueAddress, STOPPED, true);
    }
    return 0n;
  };
  const places = {
    __text_start: TEXT_START,
    __text_end: TEXT_END,
    secondaryEntry: entry,
    parkEntry: entry,
    expectedHart: 0x13_0000,
    harts: 0x10_0000,
    kernelStacks: 0x11_0000,
    panicStacks: 0x12_0000,
  };
  const symbols = Object.fromEntries(Object.entries(places).map(([name, at]) => [name, () => at]));
  const intrinsics = {
    hartPointer: () => places.harts,
    // Each look takes a while, so the hart that never comes is given up.
    readTime: () => {
      time += 1_000_000n;
      return time;
    },
    fence: () => {},
    wfi: () => {},
    writeStimecmp: () => {},
  };
  const g = await guest({ text: face }, { imports: { assembly: { sbiEcall }, symbols, intrinsics } });
  memory = g.memory;
  memory.grow(64);
  g.call("prepare");
  return { guest: g, started };
}

describe("a hart's entry point", () => {
  const wrong: [what: string, entry: number][] = [
    ["null", 0],
    ["the firmware", 0x8000_0000],
    ["the byte before the text", TEXT_START - 1],
    ["the byte behind the text", TEXT_END],
    ["the kernel's data", 0x8040_0000],
    ["a task's code", 0x0001_0000],
    ["a device", 0x1000_0000],
    ["the last address", 0xffff_ffff],
  ];

  test.each(wrong)("%s is refused before the firmware is asked", async (_what, entry) => {
    const { guest: g, started } = await kernel(entry);
    expect(g.call("isKernelText", entry)).toBe(0);
    expect(() => g.call("startOther")).toThrow("guest abort");
    expect(() => g.call("parkHart", 12n)).toThrow("guest abort");
    expect(started).toEqual([]);
  });

  test.each([TEXT_START, TEXT_END - 4])(
    "in the text (%i) is given to the firmware unchanged",
    async (entry) => {
      const { guest: g, started } = await kernel(entry);
      expect(g.call("isKernelText", entry)).toBe(1);
      // The hart never comes up here, and startOther finds that out.
      expect(g.call("startOther")).toBe(0);
      g.call("parkHart", 12n);
      expect(started.map(({ hartid, entry: at }) => [hartid, Number(BigInt.asUintN(32, at))])).toEqual([
        [11n, entry],
        [12n, entry],
      ]);
    },
  );
});

describe("in the kernel's sources", () => {
  const files = listFiles(root, KERNEL_FOLDER).filter((file) => file.endsWith(".ts"));
  const namers = (pattern: RegExp): string[] =>
    files
      .filter((file) => pattern.test(readFileSync(join(root, file), "utf8")))
      .map((file) => file.slice(KERNEL_FOLDER.length + 1));

  test("only smp.ts asks the firmware to start or stop a hart", () => {
    expect(namers(/\bhart(Start|Stop)\(/)).toEqual(["arch/riscv/sbi/hsm.ts", "arch/riscv/smp.ts"]);
  });

  test("only smp.ts names an entry", () => {
    expect(namers(/\b(secondaryEntry|parkEntry)\b/)).toEqual(["arch/riscv/smp.ts", "arch/riscv/symbols.ts"]);
  });

  test("no system call takes an entry: RestartHart takes a hart, and nothing else", () => {
    const text = readFileSync(join(root, KERNEL_FOLDER, "syscall/harts.ts"), "utf8");
    expect(text).toMatch(/export function restart\(hart: Hart, task: Task, slot: u64, index: u64\)/);
  });
});
