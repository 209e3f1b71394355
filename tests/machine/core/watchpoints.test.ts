// Watchpoints stop the machine behind the access that meets them, whatever instruction makes it, and leave the run as it is.

import { describe, expect, test } from "vitest";
import { Watch } from "../../../build/gen/host/machine/core/hart/watchpoints.ts";
import { Stop } from "../../../build/gen/host/machine/core/machine.ts";
import { BareMachine } from "../../../machine/host/bare.ts";
import { parseChaos } from "../../../machine/host/chaos.ts";
import { assembleText, DATA, END, machineModule, PROGRAM } from "./bare.ts";

const INSTRUCTIONS_MAX = 100_000n;
const NONE = 0xffff_ffff;

/** A machine in front of a program, whose a0 will be DATA, and whose data is zero. */
async function machineWith(text: string, { harts = 1, chaos = 0 } = {}): Promise<BareMachine> {
  const machine = new BareMachine(await machineModule(), { harts, ramMebibytes: 16, seed: 5n });
  machine.startProgram(await assembleText(`    .option norvc\n    li    a0, ${DATA}\n${text}\n${END}`));
  machine.core.setChaos(chaos);
  return machine;
}

/** The addresses of the instructions behind which the machine stopped, until it waits. */
function stops(machine: BareMachine): bigint[] {
  const found: bigint[] = [];
  while (machine.core.run(INSTRUCTIONS_MAX) === Stop.Breakpoint) {
    expect(machine.core.watchpointHit()).toBe(0);
    found.push(BigInt.asUintN(64, machine.core.hartPc(0)) - PROGRAM);
  }
  expect(machine.core.watchpointHit() >>> 0).toBe(NONE);
  return found;
}

/** How many bytes of code come before each instruction that is named by a label. Every instruction has four here. */
const LI_BYTES = 8n;
const at = (index: number): bigint => LI_BYTES + BigInt(index * 4);

describe("an access that meets a watchpoint", () => {
  const both = Watch.Write | Watch.Read;
  test.each<
    [what: string, code: string, watched: [offset: bigint, bytes: number, kinds: number], stops: number[]]
  >([
    ["a store", "sd a1, 0(a0); sd a1, 8(a0)", [0n, 8, Watch.Write], [1]],
    ["a store of a part", "sb a1, 6(a0); sb a1, 8(a0); sb a1, 7(a0)", [0n, 8, Watch.Write], [1, 3]],
    ["a store across its end", "sd a1, 4(a0)", [0n, 8, Watch.Write], [1]],
    ["a misaligned store before it", "sd a1, 1(a0); sw a1, 4(a0)", [8n, 1, Watch.Write], [1]],
    [
      "a store across a page",
      "lui t0, 1; add t0, t0, a0; sd a1, -3(t0); nop",
      [0x1000n, 4, Watch.Write],
      [3],
    ],
    ["a load is no write", "ld a1, 0(a0); lbu a1, 0(a0)", [0n, 8, Watch.Write], []],
    [
      "each load",
      "lb t0, 0(a0); lh t0, 0(a0); lw t0, 0(a0); ld t0, 0(a0)",
      [0n, 1, Watch.Read],
      [1, 2, 3, 4],
    ],
    ["each unsigned load", "lbu t0, 0(a0); lhu t0, 0(a0); lwu t0, 0(a0)", [0n, 1, Watch.Read], [1, 2, 3]],
    ["a load into its own address", "ld a0, 0(a0); nop", [0n, 8, Watch.Read], [1]],
    ["a store is no read", "sd a1, 0(a0)", [0n, 8, Watch.Read], []],
    ["both", "sw a1, 0(a0); lw a1, 4(a0); lw a1, 0(a0)", [0n, 4, both], [1, 3]],
    ["an AMO of a lock", "amoswap.w t0, a1, (a0); amoadd.d t0, a1, (a0)", [0n, 4, Watch.Write], [1, 2]],
    ["another AMO, as a read", "amoor.d t0, a1, (a0)", [0n, 4, Watch.Read], [1]],
    ["another AMO, as a write", "amoor.d t0, a1, (a0)", [0n, 4, Watch.Write], [1]],
    ["LR, and SC that succeeds", "lr.d t0, (a0); sc.d t0, a1, (a0)", [0n, 8, both], [1, 2]],
    ["SC that fails", "sc.d t0, a1, (a0); nop", [0n, 8, both], []],
    [
      "an access that faults",
      "la t0, 1f; csrw mtvec, t0; ld t0, (zero); nop; .balign 4; 1:",
      [0n, 8, both],
      [],
    ],
  ])("%s", async (_, code, [offset, bytes, kinds], expected) => {
    const machine = await machineWith(code.replaceAll("; ", "\n"));
    expect(machine.core.addWatchpoint(DATA + offset, bytes, kinds)).not.toBe(0);
    expect(stops(machine)).toEqual(expected.map(at));
  });

  test("is told with the watchpoint that it met, and by whom", async () => {
    const machine = await machineWith(
      "csrr t0, mhartid; slli t0, t0, 3; add t0, t0, a0; sd a0, 0(t0)".replaceAll("; ", "\n"),
      {
        harts: 3,
      },
    );
    for (const hart of [0n, 1n, 2n]) {
      machine.core.addWatchpoint(DATA + 8n * hart, 8, Watch.Write);
    }
    const told = new Map<number, number>();
    while (machine.core.run(INSTRUCTIONS_MAX) === Stop.Breakpoint) {
      told.set(machine.core.watchpointHit(), machine.core.accessedBy());
    }
    expect([...told].sort()).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
  });

  test("stops the machine no more once the watchpoints are removed", async () => {
    const machine = await machineWith("sd a1, 0(a0)");
    machine.core.addWatchpoint(DATA, 8, Watch.Write);
    machine.core.clearWatchpoints();
    expect(machine.core.isObserving()).toBe(0);
    expect(stops(machine)).toEqual([]);
  });

  test("has sixteen places at most", async () => {
    const machine = await machineWith("nop");
    const added = Array.from({ length: 17 }, () => machine.core.addWatchpoint(DATA, 8, Watch.Write) !== 0);
    expect(added).toEqual([...Array(16).fill(true), false]);
  });
});

// Two harts that add to each other's counters, so that pages are shared and stores wait in buffers.
const BUSY = `
    csrr  t0, mhartid
    slli  t0, t0, 3
    add   t0, t0, a0
    xori  t1, t0, 8
    li    t2, 300
1:  ld    t3, 0(t1)
    addi  t3, t3, 1
    sd    t3, 0(t0)
    amoadd.d zero, t2, 16(a0)
    addi  t2, t2, -1
    bnez  t2, 1b
`.replace("16(a0)", "(a0)");

describe.each([
  ["without chaos", 0],
  ["with every chaos", parseChaos("all")],
])("a run %s", (_, chaos) => {
  test("is the same with watchpoints and without", async () => {
    const ends = [];
    for (const isWatched of [false, true]) {
      const machine = await machineWith(BUSY, { harts: 2, chaos });
      if (isWatched) {
        machine.core.addWatchpoint(DATA, 8, Watch.Write | Watch.Read);
        machine.core.addWatchpoint(DATA + 0x100n, 8, Watch.Write);
      }
      let count = 0;
      while (machine.core.run(INSTRUCTIONS_MAX) === Stop.Breakpoint) {
        count += 1;
      }
      const registers = [0, 1].flatMap((hart) =>
        Array.from({ length: 32 }, (__, n) => machine.register(hart, n)),
      );
      ends.push({ clock: machine.core.clock(), data: [...machine.ram(DATA, 32)], registers });
      expect(count > 300).toBe(isWatched);
    }
    expect(ends[1]).toEqual(ends[0]);
  });

  test("stops for each change of a watched place", async () => {
    const changes: bigint[] = [];
    const stepped = await machineWith(BUSY, { harts: 2, chaos });
    let before = stepped.word(DATA);
    while (stepped.core.run(1n) === Stop.Budget) {
      const now = stepped.word(DATA);
      if (now !== before) {
        changes.push(stepped.core.clock());
        before = now;
      }
    }
    const watched = await machineWith(BUSY, { harts: 2, chaos });
    watched.core.addWatchpoint(DATA, 8, Watch.Write);
    const clocks = new Set<bigint>();
    while (watched.core.run(INSTRUCTIONS_MAX) === Stop.Breakpoint) {
      clocks.add(watched.core.clock());
    }
    expect(changes.length).toBeGreaterThan(100);
    expect(changes.filter((clock) => !clocks.has(clock))).toEqual([]);
  });
});
