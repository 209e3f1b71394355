// Random programs on the embedded machine and on QEMU have the same registers and the same memory after each block.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Extension } from "../../../build/gen/host/machine/core/code/extensions.ts";
import { BareMachine } from "../../../machine/host/bare.ts";
import { hasQemu, qemuProgram } from "../../../tools/boot/machines/qemu.ts";
import { assembleText, machineModule } from "./bare.ts";
import { randomProgram } from "./random-program.ts";

/** The program of a seed has 2,400 instructions. */
const seeds = Array.from({ length: 12 }, (_, index) => index + 1);
const QEMU_TIMEOUT_MS = 60_000;

/** What the program prints on the embedded machine, with turns of drawn length or of one instruction. */
async function onMachine(program: Uint8Array, turns: number, extensions: number): Promise<string[]> {
  const machine = new BareMachine(await machineModule(), { harts: 1, ramMebibytes: 16, extensions });
  machine.core.setTurns(turns);
  machine.startProgram(program);
  machine.core.run(10_000_000n);
  expect(machine.core.power()).toBe(1);
  return machine.console.trim().split("\n");
}

function onQemu(program: Uint8Array): string[] {
  const folder = mkdtempSync(join(tmpdir(), "neuron-differential-"));
  try {
    writeFileSync(join(folder, "program.elf"), program);
    const machine = ["-machine", "virt", "-m", "16M", "-smp", "1", "-display", "none", "-monitor", "none"];
    const { stdout, status } = spawnSync(
      qemuProgram(),
      [...machine, "-serial", "stdio", "-bios", "none", "-kernel", join(folder, "program.elf")],
      { timeout: QEMU_TIMEOUT_MS, input: "" },
    );
    expect(status).toBe(0);
    return stdout.toString("latin1").trim().split("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(!hasQemu())("random instructions do on the embedded machine what they do on QEMU", () => {
  test.each([
    ...seeds.map((seed) => [`seed ${seed}`, seed, 0] as const),
    ...seeds.map((seed) => [`seed ${seed}, with Zbb`, seed, Extension.Zbb] as const),
  ])(
    "%s",
    async (_, seed, extensions) => {
      const program = await assembleText(randomProgram(seed, 1, extensions !== 0));
      const expected = onQemu(program);
      expect(expected.length).toBe(40);
      // The first line that differs has the number of the wrong block.
      expect(await onMachine(program, 0, extensions)).toEqual(expected);
      expect(await onMachine(program, 1, extensions)).toEqual(expected);
    },
    QEMU_TIMEOUT_MS,
  );
});
