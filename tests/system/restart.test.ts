// Services that end in the middle of their work: apps/chaos has them ended while it reads, and checks every byte.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { build } from "../../toolchain/compile.ts";
import type { BootReport } from "../../tools/boot/run.ts";
import { defined } from "../harness/defined.ts";
import { type Boot, onEachMachine } from "./harness/each-machine.ts";
import { largeImage } from "./harness/large-image.ts";
import { BOOT_TIMEOUT_MS, bootQemu, explain } from "./harness/machine.ts";

const scratch = mkdtempSync(join(tmpdir(), "neuron-restart-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Made once: tests run side by side. */
let image: Promise<string> | undefined;

/** A run of chaos with these words. Services come up more than once in it, so the ladder does not judge it. */
async function chaos(boot: Boot, words: string, smp = 4): Promise<BootReport> {
  image ??= largeImage(scratch);
  return await boot({ run: `chaos ${words}`, disk: await image, smp, timeoutSeconds: 170 });
}

/** How many rounds a run has: those under chaos take longer, and each is different from the last one anyway. */
function roundsOn(boot: Boot, most: number): number {
  return boot === bootQemu ? most : 2;
}

/** The numbers of the line by which chaos says that all was well. */
function verdict(report: BootReport): (figure: string) => number {
  const line = report.lines.find((each) => each.startsWith("chaos: ok"));
  expect(line, explain(report)).toBeDefined();
  const figures = new Map(
    [...defined(line).matchAll(/(\w+)=(\d+)/g)].map(([, name, value]) => [name, Number(value)]),
  );
  return (figure) => defined(figures.get(figure), figure);
}

function restarts(report: BootReport, name: string): string[] {
  return report.lines.filter((line) =>
    line.startsWith(`nexus-init: ${name} ended: it was killed; started again`),
  );
}

onEachMachine("a service that ends is started again", (boot) => {
  test.each([
    ["virtioblkd", 4, 12],
    ["virtioblkd", 1, 6],
    ["packagefsd", 4, 10],
    ["consoled", 2, 8],
  ])(
    "%s ends in the middle of reads on %i harts: every byte is right, and no memory is lost",
    async (name, smp, most) => {
      const rounds = roundsOn(boot, most);
      const report = await chaos(boot, `${name} ${rounds}`, smp);
      const figure = verdict(report);
      expect(figure("reads")).toBeGreaterThan(rounds * 15);
      expect(restarts(report, name).length).toBeGreaterThanOrEqual(rounds);
      expect(report.lines.filter((line) => line.includes("given up"))).toEqual([]);
      expect(figure("free_after")).toBeGreaterThanOrEqual(figure("free_before"));
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "both end, one right after the other",
    async () => {
      const rounds = roundsOn(boot, 8);
      const report = await chaos(boot, `both ${rounds}`);
      const figure = verdict(report);
      for (const name of ["virtioblkd", "packagefsd"]) {
        expect(restarts(report, name).length).toBeGreaterThanOrEqual(rounds);
      }
      expect(figure("free_after")).toBeGreaterThanOrEqual(figure("free_before"));
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "each comes back while a program has taken all that its job may have",
    async () => {
      const rounds = roundsOn(boot, 9) + 1;
      const report = await chaos(boot, `greedy ${rounds}`);
      const figure = verdict(report);
      const taken = report.lines.find((line) => line.startsWith("chaos: has all that it can get"));
      const amounts = [...(taken ?? "").matchAll(/ (\w+)=(\d+)\/(\d+)/g)];
      expect(amounts.map(([, what]) => what)).toEqual(["pages", "tasks", "objects"]);
      const [pages, tasks] = amounts.map(([, , charged, limit]) => [charged, limit]);
      expect(pages?.[0]).toBe(pages?.[1]);
      expect(tasks?.[0]).toBe(tasks?.[1]);
      for (const name of ["virtioblkd", "packagefsd", "consoled"]) {
        expect(restarts(report, name).length).toBeGreaterThanOrEqual(Math.floor(rounds / 3));
      }
      expect(report.lines.filter((line) => line.includes("given up"))).toEqual([]);
      expect(figure("free_after")).toBeGreaterThanOrEqual(figure("free_before"));
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "a service that ends too often is given up: its clients are told, and the rest goes on",
    async () => {
      const report = await chaos(boot, "limit");
      const verdict = /^chaos: given up after \d+ ends, and the rest lives$/m;
      expect(report.lines.join("\n"), explain(report)).toMatch(verdict);
      expect(restarts(report, "virtioblkd")).toHaveLength(8);
      expect(report.lines).toContain(
        "nexus-init: virtioblkd ended: it was killed; given up, it was started again 8 times just now",
      );
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "nexus-init is not started again: the kernel says why, and turns the machine off",
    async () => {
      const report = await chaos(boot, "nexus-init");
      expect(report.lines.at(-1), explain(report)).toBe(
        "neuron: nexus-init ended: exit code 69(AskedToEnd); without it the system cannot go on, so the machine is turned off",
      );
      expect(report.panic).toBeUndefined();
    },
    BOOT_TIMEOUT_MS,
  );
});

onEachMachine("in a production build", (boot) => {
  test(
    "no task can ask nexus-init to end another",
    async () => {
      const built = await build({
        profile: "production",
        progress: { start: () => () => {}, note: () => {} },
      });
      const disk = join(root, built.packageImage);
      const report = await boot(
        { run: "chaos nexus-init", profile: "production", disk },
        Promise.resolve(built),
      );
      expect(report.lines, explain(report)).toContain("chaos: ending nexus-init gave BadSlot");
    },
    BOOT_TIMEOUT_MS,
  );
});
