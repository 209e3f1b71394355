// The two machines that a test of the system runs on, where it can: QEMU, if it is installed, and the embedded machine,
// as hostile as the architecture allows. What is due is the same on both.

import { describe } from "vitest";
import { parseChaos } from "../../../machine/host/chaos.ts";
import type { BuildOutputs } from "../../../toolchain/compile.ts";
import type { BootReport, BootRequest } from "../../../tools/boot/run.ts";
import { bootEmbedded } from "../../machine/booting.ts";
import { bootQemu, hasQemu } from "./machine.ts";

/** Boots one of the machines once; `built` is another build than the usual one. */
export type Boot = (change: Partial<BootRequest>, built?: Promise<BuildOutputs>) => Promise<BootReport>;

/**
 * Describes `tests` twice, each time with what boots that machine. QEMU is a process that waits most of its time, for its
 * start and for the guest's own waits: the tests on it run side by side.
 */
export function onEachMachine(name: string, tests: (boot: Boot) => void): void {
  describe.skipIf(!hasQemu)(`${name}, on QEMU (qemu-system-riscv64 is installed)`, { concurrent: true }, () =>
    tests(bootQemu),
  );
  describe(`${name}, on the embedded machine with every kind of chaos`, () =>
    tests((change, built) => bootEmbedded({ chaos: parseChaos("all"), ...change }, built)));
}
