// No task delays tasks that are more urgent, or takes the share of its equals.
//
// Times are exact on the embedded machine, which counts them in instructions. On QEMU they also depend on the host, so
// there the test only sees that the attacks come to their end.

import { beforeAll, describe, expect, test } from "vitest";
import { parseChaos } from "../../machine/host/chaos.ts";
import { bootEmbedded } from "../machine/booting.ts";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { type Attack, attack } from "./attack.ts";

/** Ticks of the timebase from one tick of the scheduler to the next. */
const TICK = 100_000;
/** A lateness that is still no delay: the way into the kernel and out of it, and the longest piece of work on the way. */
const SOON = TICK / 20;

const beside = [
  "lateness beside callers",
  "lateness beside tasks that take large memory",
  "lateness beside tasks that map large memory",
  "lateness beside tasks that hop",
];

onEachMachine("tasks that make others wait", (boot) => {
  test.each([1, 2, 4])(
    "finish with %i harts, and the services go on",
    async (smp) => {
      const run = await attack(boot, "delays", { smp });
      for (const figure of beside) {
        expect(run.number(figure)).toBeGreaterThan(0);
      }
      expect(run.report.panic).toBeUndefined();
    },
    BOOT_TIMEOUT_MS,
  );
});

describe.each([
  ["no chaos", 0],
  ["interleavings as hostile as they can be", parseChaos("switch,sc-fails,early-wake")],
])("on the embedded machine with %s", (_, chaos) => {
  describe.each([1, 2, 4])("and %i harts", (smp) => {
    let run: Attack;
    beforeAll(async () => {
      run = await attack((change) => bootEmbedded({ chaos, ...change }), "delays", { smp });
    }, BOOT_TIMEOUT_MS);

    test.each(beside)("%s is negligible", (figure) => {
      expect(run.number("lateness alone")).toBeLessThan(SOON);
      expect(run.number(figure)).toBeLessThan(SOON);
    });

    test("a disk read takes no more than twice as long beside tasks that hop", () => {
      const alone = run.number("disk read alone");
      expect(run.number("disk read beside tasks that hop")).toBeLessThan(2 * alone);
    });

    // With more harts the other task has a hart of its own.
    if (smp > 1) {
      return;
    }
    test("a task that yields just before each tick leaves half of the hart to an equal task", () => {
      const share = run.number("share beside a task that yields before each tick");
      expect(share).toBeGreaterThanOrEqual(40);
      expect(share).toBeLessThanOrEqual(60);
    });
  });
});
