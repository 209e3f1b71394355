// A task that does what it may not ends, with one line that says what and where; the kernel lives, other tasks go on, and
// the machine turns itself off. Each boot runs a few probes (source/apps/fault-probe), one after another.

import { expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import { onEachMachine } from "./harness/each-machine.ts";
import { BOOT_TIMEOUT_MS, explain } from "./harness/machine.ts";

/** Probe → what the kernel says of its end: the name of the exception and stval. */
const faults: readonly (readonly [probe: string, what: string, value: string | RegExp])[] = [
  ["load-null", "load page fault", "0x0"],
  ["store-null", "store page fault", "0x0"],
  ["jump-null", "instruction page fault", "0x0"],
  ["load-kernel", "load page fault", "0xffffffff80200000"],
  ["store-kernel", "store page fault", "0xffffffff80400000"],
  ["jump-kernel", "instruction page fault", "0xffffffff80200000"],
  ["load-device", "load page fault", "0x10000000"],
  ["store-window", "store page fault", "0xffffffffd0000000"],
  ["load-hole", "load page fault", "0x100000000"],
  ["load-odd", "load page fault", "0x8000000000"],
  ["write-text", "store page fault", "0x10000"],
  ["write-startup", "store page fault", "0x7e000000"],
  ["execute-data", "instruction page fault", /^0x1[0-9a-f]{6}$/],
  ["execute-stack", "instruction page fault", "0x77ffffc0"],
  ["below-stack", "store page fault", "0x77fefff8"],
  ["push-forever", "store page fault", /^0x77fef[0-9a-f]{3}$/],
  ["recursion", "store page fault", /^0x77fef[0-9a-f]{3}$/],
  ["illegal", "illegal instruction", /^0x/],
  ["zeros", "illegal instruction", "0x0"],
  ["float-add", "floating-point instruction", "0x2007053"],
  ["float-load", "floating-point instruction", "0x13007"],
  ["float-c-load", "floating-point instruction", "0x2002"],
  ["float-csr", "illegal instruction", "0x3022f3"],
  ["vector", "illegal instruction", /^0x/],
  ["rdcycle", "illegal instruction", "0xc0002573"],
  ["rdinstret", "illegal instruction", "0xc0202573"],
  ["sstatus", "illegal instruction", "0x10002573"],
  ["satp", "illegal instruction", "0x18001073"],
  ["stimecmp", "illegal instruction", "0x14d01073"],
  ["sret", "illegal instruction", "0x10200073"],
  ["mret", "illegal instruction", "0x30200073"],
  ["wfi", "illegal instruction", "0x10500073"],
  ["sfence", "illegal instruction", "0x12000073"],
  ["ebreak", "breakpoint", /^0x/],
  ["unmapped", "load page fault", "0x10100000"],
  ["odd-atomic", "store address misaligned", /^0x1[0-9a-f]{6}$/],
];

/** The most commands of a run (source/init/nexus-init/run/argument.ts). */
const PROBES_PER_BOOT = 4;

function commands(probes: readonly string[]): string {
  return probes.map((probe) => `fault-probe ${probe}`).join("; ");
}

onEachMachine("a task that faults", (boot) => {
  const batches = Array.from({ length: Math.ceil(faults.length / PROBES_PER_BOOT) }, (_, n) =>
    faults.slice(n * PROBES_PER_BOOT, (n + 1) * PROBES_PER_BOOT),
  );

  test.each(batches.map((batch) => [batch.map(([probe]) => probe).join(", "), batch] as const))(
    "ends, and no other task does: %s",
    async (_names, batch) => {
      const report = await boot({ run: commands(batch.map(([probe]) => probe)) });
      expect(report.panic).toBeUndefined();
      expect(report.problems, explain(report)).toEqual([]);
      expect(report.lines.filter((line) => line.startsWith("fault-probe: "))).toEqual([]);
      const ends = report.lines.filter((line) => line.startsWith("neuron: task fault-probe ended: "));
      const found = ends.map((line) =>
        / ended: (.+) value=(0x[0-9a-f]+) pc=(0x[0-9a-f]+)$/.exec(line)?.slice(1),
      );
      expect(found.map((words) => words?.[0])).toEqual(batch.map(([, what]) => what));
      batch.forEach(([probe, , value], index) => {
        const [, seen, pc] = defined(found[index]);
        if (typeof value === "string") {
          expect(seen, probe).toBe(value);
        } else {
          expect(seen, probe).toMatch(value);
        }
        // A jump faults where it lands, everything else in the program's text.
        if (/^(jump|execute)/.test(probe)) {
          expect(pc, probe).toBe(seen);
        } else {
          expect(Number(pc), probe).toBeLessThan(0x100_0000);
        }
      });
    },
    BOOT_TIMEOUT_MS,
  );
});

onEachMachine("a task that prints its own verdict", (boot) => {
  test.each([
    ["sbi", /^fault-probe: sbi refused n=\d+$/],
    ["preemption", /^fault-probe: preemption ok hogs=8 naps=20$/],
  ])(
    "%s",
    async (probe, line) => {
      const report = await boot({ run: commands([probe]) });
      expect(report.problems, explain(report)).toEqual([]);
      const said = report.lines.filter((text) => text.startsWith("fault-probe: "));
      expect(said, explain(report)).toEqual([expect.stringMatching(line)]);
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "eight tasks that spin on one hart leave time for the others",
    async () => {
      const report = await boot({ run: commands(["preemption"]), smp: 1 });
      expect(report.problems, explain(report)).toEqual([]);
      expect(report.lines).toContain("fault-probe: preemption ok hogs=8 naps=20");
    },
    BOOT_TIMEOUT_MS,
  );
});
