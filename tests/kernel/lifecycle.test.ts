// How tasks begin and end: the kernel always gets back what it gave them, and no task finds anything that belonged to
// another.

import { beforeEach, describe, expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import {
  Class,
  End,
  forever,
  Kernel,
  Kind,
  messagePage,
  pageBytes,
  Refusal,
  Right,
  self,
  sys,
  TICK_TIME,
  Wait,
} from "./harness/kernel.ts";

let k: Kernel;
let maker: number;
let notification: number;
let bell: number;
beforeEach(async () => {
  k = await Kernel.boot();
  maker = k.spawnOn(0);
  notification = k.guest.call("newNotification");
  bell = k.give(maker, Kind.Notification, notification);
});

const page = pageBytes;

/** The maker makes a task on hart 0; its slot, and its index. */
function make(): { slot: number; child: number } {
  const { status, words } = k.ask(0, sys.CreateTask, Class.App, bell, 1, self);
  expect(status).toBe(0);
  const slot = Number(words[0]);
  return { slot, child: k.guest.call("objectAt", maker, slot) };
}

/** Memory in the maker's table. */
function memory(bytes: number): number {
  const { status, words } = k.ask(0, sys.CreateVmo, bytes, self);
  expect(status).toBe(0);
  return Number(words[0]);
}

describe("an unborn task", () => {
  test("that is killed while its maker holds a capability to it is freed only once", () => {
    const { slot, child } = make();
    expect(k.ask(0, sys.KillTask, slot).status).toBe(0);
    expect(k.waits(child)).toBe(Wait.Ended);
    expect(k.guest.call("referencesOf", child)).toBe(1);
    // The maker can still ask for its end, and see it. Another task gets the index only when the last capability is gone.
    expect(k.ask(0, sys.TaskStatus, slot).words.slice(0, 2)).toEqual([2n, 2n]);
    expect(k.ask(0, sys.KillTask, slot).status).toBe(Refusal.BadState);
    const other = make();
    expect(other.child).not.toBe(child);
    k.ask(0, sys.Drop, slot);
    const third = make();
    expect(third.child).toBe(child);
    expect(new Set([other.child, third.child]).size).toBe(2);
  });

  test("that no capability names any more gives back its memory, and the next task at its index starts empty", () => {
    const before = k.guest.call("free");
    const { slot, child } = make();
    const vmo = memory(page);
    expect(k.ask(0, sys.Map, slot, vmo, 0x20000, 0, page, Right.Read).status).toBe(0);
    expect(k.ask(0, sys.Grant, slot, bell, Right.All, 0, 5).status).toBe(0);
    expect(k.ask(0, sys.Drop, vmo).status).toBe(0);
    expect(k.ask(0, sys.Drop, slot).status).toBe(0);
    expect(k.waits(child)).toBe(Wait.Ended);
    expect(k.guest.call("free")).toBe(before);
    const next = make();
    expect(next.child).toBe(child);
    expect(k.guest.call("kindAt", next.child, 5)).toBe(0);
    expect(k.ask(0, sys.Map, next.slot, memory(page), 0x20000, 0, page, Right.Read).status).toBe(0);
  });

  test("starts once, and can then be neither started, mapped into, granted to nor named", () => {
    const { slot, child } = make();
    expect(k.ask(0, sys.StartTask, slot, 0x8000_0000, 0).status).toBe(Refusal.BadArgument);
    expect(k.ask(0, sys.StartTask, slot, 0x10000, 1n << 40n).status).toBe(Refusal.BadArgument);
    expect(k.ask(0, sys.StartTask, slot, 0x10000, 0x7000_0000).status).toBe(0);
    expect(k.ask(0, sys.StartTask, slot, 0x10000, 0x7000_0000).status).toBe(Refusal.BadState);
    expect(k.ask(0, sys.Map, slot, memory(page), 0x30000, 0, page, Right.Read).status).toBe(Refusal.BadState);
    expect(k.ask(0, sys.Unmap, slot, messagePage).status).toBe(Refusal.BadState);
    expect(k.ask(0, sys.Grant, slot, bell, Right.All, 0, 9).status).toBe(Refusal.BadState);
    expect(k.ask(0, sys.NameTask, slot, 1, 1).status).toBe(Refusal.BadState);
    k.check([maker, child]);
  });

  test("is of its maker's class or a less urgent one", () => {
    expect(k.ask(0, sys.CreateTask, Class.Service, bell, 1, self).status).toBe(Refusal.MissingRight);
    expect(k.ask(0, sys.CreateTask, 4, bell, 1, self).status).toBe(Refusal.BadArgument);
    expect(k.ask(0, sys.CreateTask, Class.Background, bell, 1, self).status).toBe(0);
  });

  test("that cannot be made for lack of memory gives back all that it took", () => {
    // What a task takes at least: the root of its tables, two tables, its message page.
    const singles = Array.from({ length: 4 }, () => memory(page));
    for (let bytes = 0x0100_0000; bytes >= page; bytes /= 2) {
      while (k.ask(0, sys.CreateVmo, bytes, self).status === 0) {}
    }
    const root = k.guest.call("rootOf", maker) >>> 0;
    const firstKernelEntry = 510 * 8;
    const kernels = k.guest.get(root + firstKernelEntry, 8);
    for (let free = 0; free < 4; free++) {
      expect(k.guest.call("free")).toBe(free);
      expect(k.ask(0, sys.CreateTask, Class.App, bell, 1, self).status).toBe(Refusal.NoMemory);
      expect(k.guest.call("free")).toBe(free);
      // Nothing was taken for the root of its tables that is none.
      expect(k.guest.get(firstKernelEntry, 8)).not.toEqual(kernels);
      k.ask(0, sys.Drop, defined(singles.pop()));
    }
    expect(k.ask(0, sys.CreateTask, Class.App, bell, 1, self).status).toBe(0);
  });
});

describe("the end of a task", () => {
  test("gives back every frame, however the task ended", () => {
    const before = k.guest.call("free");
    for (const end of ["exit", "fault", "kill"] as const) {
      const { slot, child } = make();
      k.ask(0, sys.StartTask, slot, 0x10000, 0x7000_0000);
      k.pass(TICK_TIME);
      const hart = k.hartOf(child);
      expect(hart).toBeGreaterThan(0);
      expect(k.ask(hart, sys.CreateVmo, 5 * page, self).status).toBe(0);
      expect(k.ask(hart, sys.Map, self, 0, 0x40000, 0, 5 * page, Right.Read | Right.Write).status).toBe(0);
      if (end === "exit") {
        k.syscall(hart, sys.Exit, 3);
      } else if (end === "fault") {
        k.fault(hart, 13, 0x1234n);
      } else {
        k.ask(0, sys.KillTask, slot);
      }
      k.pass(TICK_TIME);
      expect(k.waits(child)).toBe(Wait.Ended);
      expect(k.guest.call64("bitsOf", notification)).toBe(1n);
      k.ask(0, sys.Wait, bell, forever);
      expect(k.ask(0, sys.TaskStatus, slot).words[0]).toBe(2n);
      k.ask(0, sys.Drop, slot);
      expect(k.guest.call("free")).toBe(before);
    }
    // Behind the two system calls that it made.
    expect(k.console).toMatch(/neuron: task {2}ended: load page fault value=0x1234 pc=0x10008/);
  });

  test("leaves the task that killed it in its own address space", () => {
    const { slot, child } = make();
    k.ask(0, sys.StartTask, slot, 0x10000, 0x7000_0000);
    k.pass(TICK_TIME);
    k.syscall(k.hartOf(child), sys.Sleep, forever);
    const space = k.guest.call64("satpOfHart", 0);
    expect(k.ask(0, sys.KillTask, slot).status).toBe(0);
    expect(k.waits(child)).toBe(Wait.Ended);
    expect(k.running(0)).toBe(maker);
    expect(k.guest.call64("satpOfHart", 0)).toBe(space);
  });

  test("comes to a killed task that runs, and to one that waits in a queue", () => {
    const ended = (child: number): boolean => k.waits(child) === Wait.Ended;
    const running = make();
    k.ask(0, sys.StartTask, running.slot, 0x10000, 0x7000_0000);
    k.pass(TICK_TIME);
    expect(k.hartOf(running.child)).toBeGreaterThan(0);
    k.ask(0, sys.KillTask, running.slot);
    k.pass(1n);
    expect(ended(running.child)).toBe(true);

    const queued = make();
    k.ask(0, sys.StartTask, queued.slot, 0x10000, 0x7000_0000);
    k.ask(0, sys.KillTask, queued.slot);
    k.pass(2n * TICK_TIME);
    expect(ended(queued.child)).toBe(true);
    k.check([maker]);
  });
});

describe("a task that another hart kills on its way from the queue to its hart", () => {
  // The kill finds it neither in the queue nor running, so the hart that took it out has to look.
  const HARTS = 2;
  /** Runs on hart 0. */
  let first: number;
  /** Waits in the queue of hart 0. */
  let next: number;
  /** Runs on hart 1. */
  let killer: number;
  let slot: number;
  beforeEach(async () => {
    k = await Kernel.boot(HARTS);
    first = k.spawnOn(0);
    killer = k.spawnOn(1);
    next = k.spawn(0);
    slot = k.give(killer, Kind.Task, next);
    expect(k.guest.call("timesQueued", 0, next)).toBe(1);
  });

  /** Hart 1 kills `next` once hart 0 has taken it out of its queue, before hart 0 runs it. Gives how often it did. */
  function killOnTheWay(): () => number {
    let kills = 0;
    k.onClockRead = () => {
      if (kills === 0 && k.guest.call("timesQueued", 0, next) === 0) {
        kills += 1;
        expect(k.hart).toBe(0);
        expect(k.hartOf(next)).toBe(-1);
        expect(k.waits(next)).toBe(Wait.None);
        expect(k.ask(1, sys.KillTask, slot).status).toBe(0);
        expect(k.waits(next)).toBe(Wait.None);
      }
    };
    return () => kills;
  }

  test.each<[way: string, step: () => void, runsNow: () => number]>([
    [
      "a tick",
      () => {
        k.time += TICK_TIME;
        k.interrupts(0);
      },
      () => first,
    ],
    ["a yield", () => k.syscall(0, sys.Yield), () => first],
    ["a wait", () => k.syscall(0, sys.Sleep, forever), () => -1],
  ])("never runs, after %s", (_, step, runsNow) => {
    const kills = killOnTheWay();
    step();
    expect(kills()).toBe(1);
    expect(k.waits(next)).toBe(Wait.Ended);
    expect(k.guest.call("endOf", next)).toBe(End.Killed);
    expect(k.running(0)).toBe(runsNow());
    expect(k.running(1)).toBe(killer);
    k.pass(TICK_TIME);
    k.check([first, next, killer], HARTS);
  });
});

describe("a fault", () => {
  const illegal = 2;
  test.each<[cause: number, value: bigint, end: number, name: string]>([
    [illegal, 0n, End.IllegalInstruction, "illegal instruction"],
    [illegal, 0xc001_0073n, End.IllegalInstruction, "illegal instruction"],
    [illegal, 0x3002_9073n, End.IllegalInstruction, "illegal instruction"],
    // fadd.d, fld, fsd, fmadd.s, fmsub.s, fnmsub.s, fnmadd.s; c.fld, c.fsd, c.fldsp, c.fsdsp
    ...[
      0x0200_7053n,
      0x0001_3007n,
      0x0001_3027n,
      0x43n,
      0x47n,
      0x4bn,
      0x4fn,
      0x2000n,
      0xa000n,
      0x2002n,
      0xa002n,
    ].map((value): [number, bigint, number, string] => [illegal, value, 4, "floating-point instruction"]),
    // c.ld, c.sd, c.j and c.li are no floating point
    ...[0x6000n, 0xe000n, 0xa001n, 0x4001n].map((value): [number, bigint, number, string] => [
      illegal,
      value,
      End.IllegalInstruction,
      "illegal instruction",
    ]),
    [1, 0x8000_0000n, End.InstructionFault, "instruction access fault"],
    [12, 0n, End.InstructionFault, "instruction page fault"],
    [5, 4n, End.LoadFault, "load access fault"],
    [13, 4n, End.LoadFault, "load page fault"],
    [7, 4n, End.StoreFault, "store access fault"],
    [15, 4n, End.StoreFault, "store page fault"],
    [0, 1n, End.Misaligned, "instruction address misaligned"],
    [4, 1n, End.Misaligned, "load address misaligned"],
    [6, 1n, End.Misaligned, "store address misaligned"],
    [3, 0x10000n, End.Breakpoint, "breakpoint"],
    [10, 0n, End.Unknown, "unknown exception"],
    [24, 0n, End.Unknown, "unknown exception"],
    [0xffff_ffff, 0n, End.Unknown, "unknown exception"],
  ])("of cause %i with %i has a name, and ends the task for that reason", (cause, value, end, name) => {
    const { slot, child } = make();
    k.ask(0, sys.NameTask, slot, 0x6568_7420n, 0x0a1b_0000n);
    k.ask(0, sys.StartTask, slot, 0x10000, 0x7000_0000);
    k.pass(TICK_TIME);
    k.fault(k.hartOf(child), cause, value);
    expect(k.ask(0, sys.TaskStatus, slot).words.slice(0, 3)).toEqual([2n, BigInt(end), value]);
    const line = k.console.split("\n").filter((text) => text.includes("ended"));
    expect(line).toHaveLength(1);
    expect(line[0]).toContain(` ended: ${name} value=0x${value.toString(16)} pc=0x10000`);
    // The task chooses the bytes of its name: none of them reaches the terminal as a control character.
    expect(line[0]).toMatch(/^[\x20-\x7e]*$/);
  });
});

describe("Info about another task", () => {
  const topicTask = 5;
  const told = (info: number, child: number): bigint[] =>
    k.ask(0, sys.Information, info, topicTask, child).words;

  test("gives how it ended, and its exit code, but not where it faulted", () => {
    const info = k.give(maker, Kind.Info, 0, Right.Read);
    const { slot, child } = make();
    k.ask(0, sys.StartTask, slot, 0x10000, 0x7000_0000);
    k.pass(TICK_TIME);
    k.fault(k.hartOf(child), 13, 0x1234_5678n);
    expect(told(info, child).slice(3, 5)).toEqual([BigInt(End.LoadFault), 0n]);

    const other = make();
    k.ask(0, sys.StartTask, other.slot, 0x10000, 0x7000_0000);
    k.pass(TICK_TIME);
    k.syscall(k.hartOf(other.child), sys.Exit, 42);
    expect(told(info, other.child).slice(3, 5)).toEqual([BigInt(End.Exit), 42n]);
  });

  test("gives a generation, which tells it from tasks that had its number before", () => {
    const info = k.give(maker, Kind.Info, 0, Right.Read);
    const generation = (child: number): bigint => defined(told(info, child)[0]) >> 32n;
    const first = make();
    const before = generation(first.child);
    k.ask(0, sys.KillTask, first.slot);
    k.ask(0, sys.Drop, first.slot);
    const second = make();
    expect(second.child).toBe(first.child);
    expect(generation(second.child)).toBe(before + 1n);
  });
});

describe("the message page", () => {
  test("stays for as long as the task lives", () => {
    expect(k.ask(0, sys.Unmap, self, messagePage).status).toBe(Refusal.BadArgument);
    const { slot } = make();
    expect(k.ask(0, sys.Unmap, slot, messagePage).status).toBe(Refusal.BadArgument);
  });
});
