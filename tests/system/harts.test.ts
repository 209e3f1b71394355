// `nx`, which holds the capability for harts, stops a hart of a running system and starts it again.

import { expect, test } from "vitest";
import { onEachMachine } from "./harness/each-machine.ts";
import { BOOT_TIMEOUT_MS, explain } from "./harness/machine.ts";

const online = (lines: readonly string[]): string[] => lines.filter((line) => line.startsWith("nx: smp "));
const harts = (lines: readonly string[]): (string | undefined)[] =>
  lines.flatMap((line) => (/ hartid=/.test(line) ? [/hart=(\d)/.exec(line)?.[1]] : []));

onEachMachine("harts that come and go", (boot) => {
  test("a hart that is stopped is gone, and the rest goes on", { timeout: BOOT_TIMEOUT_MS }, async () => {
    const report = await boot({ run: "nx hart stop 2; nx hw smp; nx audit; selftest-client" });
    expect(report.panic, explain(report)).toBeUndefined();
    expect(report.lines).toContain("neuron: hart2 stops");
    expect(online(report.lines)).toEqual(["nx: smp online=3"]);
    expect(harts(report.lines)).toEqual(["0", "1", "3"]);
    expect(report.lines.filter((line) => / kind=hart-stopped /.test(line))).toHaveLength(1);
    expect(report.lines).toContain("SELFTEST: pkgfs virtio ro ok");
  });

  test("a hart that is started again ticks and takes interrupts", { timeout: BOOT_TIMEOUT_MS }, async () => {
    const report = await boot({ run: "nx hart stop 1; nx hart start 1; nx hw smp; selftest-client" });
    expect(report.panic, explain(report)).toBeUndefined();
    expect(online(report.lines), explain(report)).toEqual(["nx: smp online=4"]);
    expect(report.lines.filter((line) => line === "neuron: hart1 online")).toHaveLength(2);
    expect(report.lines).toContain("SELFTEST: smp per-hart ticks ok");
    expect(report.lines).toContain("SELFTEST: smp ipi ok");
  });

  test.each([1, 2, 4])(
    "harts stop and start while pages come and go, with %i harts",
    { timeout: BOOT_TIMEOUT_MS },
    async (smp) => {
      const report = await boot({ run: "chaos harts 40", smp });
      expect(report.ok, explain(report)).toBe(true);
      expect(report.lines).toContain("chaos: ok rounds=40");
    },
  );

  test("the last hart cannot be stopped", { timeout: BOOT_TIMEOUT_MS }, async () => {
    const report = await boot({ run: "nx hart stop 0; nx hw smp", smp: 1 });
    expect(report.panic, explain(report)).toBeUndefined();
    expect(online(report.lines), explain(report)).toEqual(["nx: smp online=1"]);
    expect(report.lines.join("\n")).toContain("cannot be stopped now");
  });
});
