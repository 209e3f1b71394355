// The loader against a fake kernel: what a new task finds, and what is left when the kernel refuses any step of it.

import { beforeAll, expect, test } from "vitest";
import {
  FakeKernel,
  FakeNotification,
  type FakeTask,
  noSlot,
  pageBytes,
  Refusal,
  Right,
  Role,
  Syscall,
} from "../harness/fake-kernel/kernel.ts";
import { type ElfSegment, elfFile, pattern } from "./elf.ts";

const program = `
import { Launch, LAUNCH_BYTES, launch } from "runtime/loader";
const state: usize = memory.data(LAUNCH_BYTES, 8);
function plan(): Launch { return changetype<Launch>(state); }
export function begin(file: usize, bytes: u32, argument: usize, argumentBytes: u32, notification: u32): void {
  const p = plan().begin();
  p.file = file; p.fileBytes = bytes; p.window = 0x30000000; p.timebase = 10000000; p.extensions = 5; p.taskClass = 1;
  p.argument = argument; p.argumentBytes = argumentBytes; p.notification = notification; p.endBits = 0x40;
  p.nameLow = 0x786e; // "nx"
}
export function give(role: u32, slot: u32, rights: u32, badge: u32): bool {
  const given = plan().give(role, slot, rights, badge);
  if (given === null) return false;
  given.base = 0x10001000; given.size = 0x1000; given.irq = 1;
  return true;
}
export function start(): i32 { return launch(plan()); }
export function task(): u32 { return plan().task; }
export function failedStep(): u32 { return plan().failedStep; }
export function failedRole(): u32 { return plan().failedRole; }
export function elfError(): u32 { return plan().elfError; }
`;

const text = pattern(5000, 1);
const constants = pattern(10, 2);
const data = pattern(300, 3);
const segments: readonly ElfSegment[] = [
  { address: 0x1_0000, content: text, flags: 5 },
  { address: 0x1_2000, content: constants, flags: 4 },
  { address: 0x100_0100, content: data, memoryBytes: 9000, flags: 6 },
  { address: 0x200_0000, content: new Uint8Array(), memoryBytes: 100, flags: 6 },
];

let kernel: FakeKernel;
beforeAll(async () => {
  kernel = await FakeKernel.start({ text: program });
});

interface Launched {
  readonly status: number;
  readonly task: FakeTask | undefined;
  readonly held: number;
}

/** One launch in a kernel without anything of an earlier one. */
function launch(
  file: Uint8Array,
  argument = "hw smp",
  gifts = [Role.Console, Role.VirtioDevice] as number[],
): Launched {
  const { guest } = kernel;
  kernel.slots.clear();
  kernel.mappings.clear();
  kernel.tasks.length = 0;
  kernel.made.length = 0;
  const notification = kernel.insert(new FakeNotification());
  const console = kernel.insert({ kind: "console" });
  const words = new TextEncoder().encode(argument);
  guest.call("begin", guest.put(file), file.length, guest.put(words), words.length, notification);
  for (const role of gifts) {
    guest.call("give", role, console, Right.Write, 0);
  }
  const held = kernel.slots.size;
  return { status: guest.call("start"), task: kernel.tasks[0], held };
}

test("a task finds its program, a stack, its startup page and its capabilities", () => {
  const { status, task, held } = launch(elfFile(0x1_0010, segments));
  expect(status).toBe(0);
  if (!task) {
    throw new Error("no task");
  }
  expect(task.state).toBe("alive");
  expect(task.name).toBe("nx");
  expect(task.taskClass).toBe(1);
  expect(task.entry).toBe(0x1_0010);
  expect(task.stackPointer).toBe(0x7800_0000);
  expect(task.mappings.map(({ address, bytes, rights }) => [address, bytes, rights])).toEqual([
    [0x1_0000, 0x2000, Right.Read | Right.Execute],
    [0x1_2000, 0x1000, Right.Read],
    [0x100_0000, 0x3000, Right.Read | Right.Write],
    [0x200_0000, 0x1000, Right.Read | Right.Write],
    [0x77ff_0000, 0x1_0000, Right.Read | Right.Write],
    [0x7e00_0000, 0x1000, Right.Read],
  ]);
  expect(task.at(0x1_0000, 5000)).toEqual(text);
  expect(task.at(0x1_2000, 10)).toEqual(constants);
  expect(task.at(0x100_0000, 0x100)).toEqual(new Uint8Array(0x100));
  expect(task.at(0x100_0100, 300)).toEqual(data);
  expect(task.at(0x100_0100 + 300, 8700)).toEqual(new Uint8Array(8700));
  expect(task.at(0x77ff_0000, 0x1_0000)).toEqual(new Uint8Array(0x1_0000));

  const { timebase, extensions, argument, entries } = task.startup();
  expect([timebase, extensions]).toEqual([10_000_000n, 5n]);
  expect(argument).toBe("hw smp");
  expect(entries.map(({ role, base, size, irq }) => [role, base, size, irq])).toEqual([
    [Role.Console, 0x1000_1000n, 0x1000n, 1],
    [Role.VirtioDevice, 0x1000_1000n, 0x1000n, 1],
  ]);
  expect(entries.map(({ slot }) => slot?.rights)).toEqual([Right.Write, Right.Write]);

  // Its maker keeps the task and nothing else.
  expect(kernel.guest.call("failedStep")).toBe(0);
  expect(kernel.slots.get(kernel.guest.call("task"))?.object).toBe(task);
  expect(kernel.slots.size).toBe(held + 1);
  expect(kernel.mappings.size).toBe(0);
});

test("an attempt leaves nothing behind, at whichever step the kernel refuses it", () => {
  const file = elfFile(0x1_0000, segments);
  launch(file);
  const steps = kernel.made.length;
  expect(steps).toBeGreaterThan(25);
  for (let step = 0; step < steps; step++) {
    let count = 0;
    let refused = -1;
    kernel.refuse = ({ number }) => {
      if (count++ !== step) {
        return undefined;
      }
      refused = number;
      return Refusal.NoMemory;
    };
    const { status, task, held } = launch(file);
    kernel.refuse = () => undefined;
    // What is given back cannot be refused by a kernel that works; the launch goes on.
    if (refused === Syscall.Drop) {
      continue;
    }
    expect(status).toBe(Refusal.NoMemory);
    expect(kernel.guest.call("failedStep")).not.toBe(0);
    expect(kernel.guest.call("task")).toBe(noSlot);
    expect(task?.state ?? "ended").toBe("ended");
    expect(kernel.slots.size).toBe(held);
    expect(kernel.mappings.size).toBe(refused === Syscall.Unmap ? 1 : 0);
  }
});

test("the refusal of a capability says which capability", () => {
  kernel.refuse = ({ number, a }) =>
    number === Syscall.Grant && a[4] === 1n ? Refusal.MissingRight : undefined;
  expect(launch(elfFile(0x1_0000, segments)).status).toBe(Refusal.MissingRight);
  kernel.refuse = () => undefined;
  expect(kernel.guest.call("failedRole")).toBe(Role.VirtioDevice);
});

test("a file that is no program is refused before the task is made", () => {
  const both = elfFile(0x1_0000, [{ address: 0x1_0000, content: text, flags: 7 }]);
  const cut = elfFile(0x1_0000, segments).subarray(0, 200);
  for (const file of [both, cut, new Uint8Array(), pattern(4000, 9)]) {
    expect(launch(file).status).toBe(Refusal.BadArgument);
    expect(kernel.guest.call("elfError")).not.toBe(0);
    expect(kernel.made).toEqual([]);
  }
});

test("an argument and a number of capabilities that the startup page has no room for are refused", () => {
  const file = elfFile(0x1_0000, segments);
  expect(launch(file, "x".repeat(128)).task?.startup().argument).toBe("x".repeat(128));
  expect(launch(file, "x".repeat(129)).status).toBe(Refusal.BadArgument);
  launch(file, "", Array<number>(48).fill(Role.VirtioInterrupt));
  expect(kernel.tasks[0]?.startup().entries).toHaveLength(48);
  expect(kernel.guest.call("give", Role.Console, 1, 1, 0)).toBe(0);
});

test("the window is as large as a segment, and the loader touches no page beyond it", () => {
  const { guest } = kernel;
  guest.bytes().fill(0x5a, 0x3000_0000 + 0x1_0000, 0x3000_0000 + 0x1_0000 + pageBytes);
  launch(elfFile(0x1_0000, segments));
  expect(guest.get(0x3000_0000 + 0x1_0000, pageBytes).every((byte) => byte === 0x5a)).toBe(true);
});
