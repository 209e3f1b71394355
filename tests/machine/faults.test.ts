// A disk that misbehaves, and the whole system above it: it recovers where it can, says so, never hangs, and never
// delivers wrong data. Each kind of fault in both versions of virtio-mmio.

import { describe, expect, test } from "vitest";
import { faultKinds, parseFaults } from "../../machine/host/faults.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, type EmbeddedReport, explain } from "./booting.ts";

/** Faults after which everything goes on as if nothing had been, but for a reset of the device. */
const recovered = [
  "used-index@3",
  "used-id@3",
  "used-twice@3",
  "length-large@3",
  "length-zero@3",
  "status-unwritten@3",
  "status-unknown@3",
  "no-interrupt",
  "storm@2-3",
  "config-changing@2",
  "capacity-large",
  "reset-stuck",
];

/** Faults that may end a service; what may not happen is in `expectSafe`. */
const survived = [
  "io-error@3",
  "data@3",
  "late@3",
  "never@3",
  "needs-reset@3",
  "never",
  "io-error",
  "status-unwritten",
  "config-changing",
  "capacity-zero",
  "never@3,reset-stuck",
  "late@2,reset-stuck",
];

/** The run ended by itself, without a panic, and every file that was delivered is the right one. */
function expectSafe(report: EmbeddedReport): void {
  expect(report.panic, explain(report)).toBeUndefined();
  expect(report.complaints).toBe("");
  expect(report.problems.join("\n")).not.toMatch(/no end within|console lines/);
  for (const { name, problem } of report.proofs) {
    // A file served from memory because there is no usable disk is the right file too.
    if (name === "pkgfs") expect(problem ?? "", explain(report)).not.toMatch(/hash|sha256/i);
  }
}

describe.each([false, true])("with virtio-mmio version 1: %s", (legacy) => {
  test.each(recovered)(
    "%s: the disk is used to the end",
    async (plan) => {
      const report = await bootEmbedded({ legacy, faults: parseFaults(plan) });
      expect(report.ok, explain(report)).toBe(true);
    },
    BOOT_TIMEOUT_MS,
  );

  test.each(survived)(
    "%s: no hang, no panic, no wrong data",
    async (plan) => {
      expectSafe(await bootEmbedded({ legacy, faults: parseFaults(plan) }));
    },
    BOOT_TIMEOUT_MS,
  );
});

test("every kind of fault is in one of the lists", () => {
  const named = new Set([...recovered, ...survived].flatMap((plan) => plan.split(",")).map(nameOf));
  expect([...named].sort()).toEqual(faultKinds.map(([name]) => name).sort());
});

function nameOf(fault: string): string {
  return fault.split("@")[0] ?? "";
}

test(
  "a fault plan is part of the run: the same plan and seed give the same state",
  async () => {
    const plan = { faults: parseFaults("status-unknown@4,used-twice@6") };
    const first = await bootEmbedded(plan);
    const again = await bootEmbedded(plan);
    expect(again.stateHash).toBe(first.stateHash);
    expect((await bootEmbedded()).stateHash).not.toBe(first.stateHash);
  },
  BOOT_TIMEOUT_MS,
);
