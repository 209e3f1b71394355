// Address-space identifiers: how many the hardware has is found out, and a switch between spaces relies on them only where
// every task can have one of its own. And no tables go while a hart may use them.

import { expect, test } from "vitest";
import { guest } from "../../harness/guest.ts";
import { End, forever, Kernel, Kind, messagePage, sys, TICK_TIME, Wait } from "../harness/kernel.ts";

/** A hart with so many bits of ASID in its satp, on which two tasks take turns. Gives how often it flushed for that. */
async function flushesWith(asidBits: bigint): Promise<{ flushes: number; switches: number }> {
  const harts = 0x0100_0000;
  const implemented = BigInt.asUintN(64, ~(0xffffn << 44n) | (((1n << asidBits) - 1n) << 44n));
  let satp = 0n;
  let flushes = 0;
  let switches = 0;
  const g = await guest(
    {
      text: `
        import { FRAME_CALL } from "kernel/neuron/src/arch/riscv/context";
        import { hartAt, initHart } from "kernel/neuron/src/arch/riscv/hart";
        import { enterFirstSpace, satpOf } from "kernel/neuron/src/arch/riscv/satp";
        import { arrive, runOn } from "kernel/neuron/src/sched/schedule";
        import { asidOf } from "kernel/neuron/src/sched/space";
        import { taskAt } from "kernel/neuron/src/task/task";
        export function boot(): void {
          enterFirstSpace(0x1000);
          initHart(0, 0);
          for (let i: u32 = 0; i < 32; i++) {
            const task = taskAt(i);
            task.index = i;
            task.kind = FRAME_CALL;
            task.satp = satpOf(0x2000 + (i << 12), asidOf(task));
          }
        }
        export function run(index: u32): void { runOn(hartAt(0), taskAt(index)); arrive(hartAt(0)); }
      `,
    },
    {
      imports: {
        symbols: { harts: () => harts, kernelStacks: () => 0, panicStacks: () => 0 },
        intrinsics: {
          hartPointer: () => harts,
          readTime: () => forever,
          readSatp: () => satp,
          writeSatp: (value: bigint) => {
            satp = BigInt.asUintN(64, value) & implemented;
            switches += 1;
          },
          sfenceVma: () => {
            flushes += 1;
          },
          fenceI: () => {},
        },
        assembly: { sbiEcall: () => 0n },
      },
    },
  );
  g.memory.grow(Math.ceil((harts + 0x10000 - g.memory.buffer.byteLength) / 65_536));
  g.call("boot");
  // Each space is entered once: what was mapped into it is seen from then on.
  g.call("run", 0);
  g.call("run", 16);
  flushes = 0;
  switches = 0;
  // The second one's identifier, 17, is the first one's, 1, to hardware with four bits.
  for (const index of [0, 16, 0, 16]) {
    g.call("run", index);
  }
  return { flushes, switches };
}

test("a switch flushes nothing from the TLB when each task has an identifier of its own", async () => {
  expect(await flushesWith(16n)).toEqual({ flushes: 0, switches: 4 });
  expect(await flushesWith(9n)).toEqual({ flushes: 0, switches: 4 });
});

test.each([0n, 1n, 4n, 8n])("every switch flushes the TLB when identifiers have %i bits", async (bits) => {
  expect(await flushesWith(bits)).toEqual({ flushes: 4, switches: 4 });
});

test("the tables of a task that is killed stay for as long as a hart is on its way out of them", async () => {
  const k = await Kernel.boot();
  const killer = k.spawnOn(0);
  const sleeper = k.spawnOn(1);
  const name = k.give(killer, Kind.Task, sleeper);
  let kills = 0;
  // Hart 1 has nothing else to run, and has not left the space yet.
  k.onClockRead = () => {
    if (kills === 0 && k.hart === 1 && k.waits(sleeper) === Wait.Sleeping) {
      kills++;
      expect(k.ask(0, sys.KillTask, name).status).toBe(0);
      expect(k.guest.call("endOf", sleeper)).toBe(End.Killed);
      expect(k.guest.call64("entryOf", sleeper, messagePage)).not.toBe(0n);
    }
  };
  k.syscall(1, sys.Sleep, forever);
  k.onClockRead = undefined;
  expect(kills).toBe(1);
  const before = k.guest.call("free");
  k.pass(TICK_TIME);
  k.pass(TICK_TIME);
  expect(k.guest.call("free")).toBeGreaterThan(before);
});
