// The kernel uses more than one hart only if the firmware can start harts (HSM) and interrupt them (IPI).

import { describe, expect, test } from "vitest";
import { type Guest, guest } from "../harness/guest.ts";

const extensions = { hsm: 0x48534dn, ipi: 0x735049n, rfence: 0x52464e43n, time: 0x54494d45n };
const EXTENSION_BASE = 0x10n;
const PROBE_EXTENSION = 3n;

/** The kernel's questions to a firmware that has these extensions. */
async function firmwareWith(has: readonly bigint[]): Promise<Guest> {
  let memory: (() => DataView) | undefined;
  const sbiEcall = (
    extension: bigint,
    functionId: bigint,
    a0: bigint,
    ...rest: [bigint, bigint, bigint, bigint, number]
  ): bigint => {
    if (extension !== EXTENSION_BASE) {
      return -2n;
    }
    const value = functionId === PROBE_EXTENSION ? (has.includes(a0) ? 1n : 0n) : 0x0100_0000n;
    memory?.().setBigUint64(rest[4] >>> 0, value, true);
    return 0n;
  };
  const text = `export { askFirmware, hasSmp } from "kernel/neuron/src/boot/firmware";`;
  const g = await guest({ text }, { imports: { assembly: { sbiEcall } } });
  memory = () => g.view();
  g.call("askFirmware");
  return g;
}

describe("the kernel", () => {
  const { hsm, ipi, rfence, time } = extensions;

  test("uses more than one hart if the firmware can start and interrupt them; it needs no remote fences", async () => {
    expect((await firmwareWith([hsm, ipi])).call("hasSmp")).toBe(1);
    expect((await firmwareWith([hsm, ipi, rfence])).call("hasSmp")).toBe(1);
    expect((await firmwareWith([hsm, ipi, rfence, time])).call("hasSmp")).toBe(1);
  });

  test.each([
    ["HSM", [ipi, rfence, time]],
    ["IPI", [hsm, rfence, time]],
    ["HSM and IPI", []],
  ])("uses one hart without %s", async (_what, has) => {
    expect((await firmwareWith(has)).call("hasSmp")).toBe(0);
  });
});
