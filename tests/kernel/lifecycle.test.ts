// Birth and end of tasks: what they were given comes back, whatever their makers do, and nobody finds what was another's.

import { beforeEach, describe, expect, test } from "vitest";
import { forever, Kernel, kind, refusal, right, self, sys, tickTime, wait } from "./kernel.ts";

let k: Kernel;
let maker: number;
let notification: number;
let bell: number;
beforeEach(async () => {
  k = await Kernel.boot();
  maker = k.spawnOn(0);
  notification = k.guest.call("newNotification");
  bell = k.give(maker, kind.notification, notification);
});

const app = 2;
const page = 4096;
const messagePage = 0x7f00_0000;

/** The maker makes a task on hart 0; its slot, and its index. */
function make(): { slot: number; child: number } {
  const { status, words } = k.ask(0, sys.CreateTask, app, bell, 1);
  expect(status).toBe(0);
  const slot = Number(words[0]);
  return { slot, child: k.guest.call("objectAt", maker, slot) };
}

/** Memory in the maker's table. */
function memory(bytes: number): number {
  const { status, words } = k.ask(0, sys.CreateVmo, bytes);
  expect(status).toBe(0);
  return Number(words[0]);
}

describe("an unborn task", () => {
  test("that is killed under its maker's capability is not freed twice", () => {
    const { slot, child } = make();
    expect(k.ask(0, sys.KillTask, slot).status).toBe(0);
    expect(k.waits(child)).toBe(wait.ended);
    expect(k.guest.call("referencesOf", child)).toBe(1);
    // Its end can still be asked for, and seen; only with the last capability the index is another's.
    expect(k.ask(0, sys.TaskStatus, slot).words.slice(0, 2)).toEqual([2n, 2n]);
    expect(k.ask(0, sys.KillTask, slot).status).toBe(refusal.badState);
    const other = make();
    expect(other.child).not.toBe(child);
    k.ask(0, sys.Drop, slot);
    const third = make();
    expect(third.child).toBe(child);
    expect(new Set([other.child, third.child]).size).toBe(2);
  });

  test("that everybody let go of gives back what it was given, and its index starts empty", () => {
    const before = k.guest.call("free");
    const { slot, child } = make();
    const vmo = memory(page);
    expect(k.ask(0, sys.Map, slot, vmo, 0x20000, 0, page, right.read).status).toBe(0);
    expect(k.ask(0, sys.Grant, slot, bell, right.all, 0, 5).status).toBe(0);
    expect(k.ask(0, sys.Drop, vmo).status).toBe(0);
    expect(k.ask(0, sys.Drop, slot).status).toBe(0);
    expect(k.waits(child)).toBe(wait.unborn);
    k.pass(tickTime);
    expect(k.waits(child)).toBe(wait.ended);
    expect(k.guest.call("free")).toBe(before);
    const next = make();
    expect(next.child).toBe(child);
    expect(k.guest.call("kindAt", next.child, 5)).toBe(0);
    expect(k.ask(0, sys.Map, next.slot, memory(page), 0x20000, 0, page, right.read).status).toBe(0);
  });

  test("starts once: a started one can be neither started, mapped into, granted to nor named again", () => {
    const { slot, child } = make();
    expect(k.ask(0, sys.StartTask, slot, 0x8000_0000, 0).status).toBe(refusal.badArgument);
    expect(k.ask(0, sys.StartTask, slot, 0x10000, 1n << 40n).status).toBe(refusal.badArgument);
    expect(k.ask(0, sys.StartTask, slot, 0x10000, 0x7000_0000).status).toBe(0);
    expect(k.ask(0, sys.StartTask, slot, 0x10000, 0x7000_0000).status).toBe(refusal.badState);
    expect(k.ask(0, sys.Map, slot, memory(page), 0x30000, 0, page, right.read).status).toBe(refusal.badState);
    expect(k.ask(0, sys.Unmap, slot, messagePage).status).toBe(refusal.badState);
    expect(k.ask(0, sys.Grant, slot, bell, right.all, 0, 9).status).toBe(refusal.badState);
    expect(k.ask(0, sys.NameTask, slot, 1, 1).status).toBe(refusal.badState);
    k.check([maker, child]);
  });

  test("is of its maker's class or a less urgent one", () => {
    expect(k.ask(0, sys.CreateTask, 1, bell, 1).status).toBe(refusal.missingRight);
    expect(k.ask(0, sys.CreateTask, 4, bell, 1).status).toBe(refusal.badArgument);
    expect(k.ask(0, sys.CreateTask, 3, bell, 1).status).toBe(0);
  });

  test("that finds no memory leaves none behind", () => {
    // All but a few frames, in pieces that fit.
    const slots: number[] = [];
    for (let bytes = 0x0100_0000; bytes >= page; bytes /= 2) {
      for (;;) {
        const { status, words } = k.ask(0, sys.CreateVmo, bytes);
        if (status !== 0) break;
        slots.push(Number(words[0]));
      }
    }
    expect(k.guest.call("free")).toBe(0);
    expect(k.ask(0, sys.CreateTask, app, bell, 1).status).toBe(refusal.noMemory);
    // One page, then two, …: it fails at each step of its making, and gives all of it back.
    for (let round = 1; round <= 3; round++) {
      k.ask(0, sys.Drop, slots.pop() ?? 0);
      const free = k.guest.call("free");
      if (k.ask(0, sys.CreateTask, app, bell, 1).status === 0) break;
      expect(k.guest.call("free")).toBe(free);
    }
  });
});

describe("an end", () => {
  test("gives back every frame, however the task ended", () => {
    const before = k.guest.call("free");
    for (const end of ["exit", "fault", "kill"] as const) {
      const { slot, child } = make();
      k.ask(0, sys.StartTask, slot, 0x10000, 0x7000_0000);
      k.pass(tickTime);
      const hart = k.hartOf(child);
      expect(hart).toBeGreaterThan(0);
      expect(k.ask(hart, sys.CreateVmo, 5 * page).status).toBe(0);
      expect(k.ask(hart, sys.Map, self, 0, 0x40000, 0, 5 * page, right.read | right.write).status).toBe(0);
      if (end === "exit") k.syscall(hart, sys.Exit, 3);
      else if (end === "fault") k.fault(hart, 13, 0x1234n);
      else k.ask(0, sys.KillTask, slot);
      k.pass(tickTime);
      expect(k.waits(child)).toBe(wait.ended);
      expect(k.guest.call64("bitsOf", notification)).toBe(1n);
      k.ask(0, sys.Wait, bell, forever);
      expect(k.ask(0, sys.TaskStatus, slot).words[0]).toBe(2n);
      k.ask(0, sys.Drop, slot);
      expect(k.guest.call("free")).toBe(before);
    }
    expect(k.console).toMatch(/neuron: task {2}ended: load page fault value=0x1234 pc=0x10000/);
  });

  test("of another task leaves the killer in its own address space", () => {
    const { slot, child } = make();
    k.ask(0, sys.StartTask, slot, 0x10000, 0x7000_0000);
    k.pass(tickTime);
    k.syscall(k.hartOf(child), sys.Sleep, forever);
    const space = k.guest.call64("satpOfHart", 0);
    expect(k.ask(0, sys.KillTask, slot).status).toBe(0);
    expect(k.waits(child)).toBe(wait.ended);
    expect(k.running(0)).toBe(maker);
    expect(k.guest.call64("satpOfHart", 0)).toBe(space);
  });

  test("that is asked for reaches a task that runs, one in a queue, and one that waits", () => {
    const ended = (child: number): boolean => k.waits(child) === wait.ended;
    const running = make();
    k.ask(0, sys.StartTask, running.slot, 0x10000, 0x7000_0000);
    k.pass(tickTime);
    expect(k.hartOf(running.child)).toBeGreaterThan(0);
    k.ask(0, sys.KillTask, running.slot);
    k.pass(1n);
    expect(ended(running.child)).toBe(true);

    const queued = make();
    k.ask(0, sys.StartTask, queued.slot, 0x10000, 0x7000_0000);
    k.ask(0, sys.KillTask, queued.slot);
    k.pass(2n * tickTime);
    expect(ended(queued.child)).toBe(true);
    k.check([maker]);
  });
});

describe("the message page", () => {
  test("stays for as long as the task lives", () => {
    expect(k.ask(0, sys.Unmap, self, messagePage).status).toBe(refusal.badArgument);
    const { slot } = make();
    expect(k.ask(0, sys.Unmap, slot, messagePage).status).toBe(refusal.badArgument);
  });
});
