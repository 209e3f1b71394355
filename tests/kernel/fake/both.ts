// The fake kernel of the tests (tests/harness/fake-kernel) and the kernel itself, to be asked the same: a task in each, with
// the same capabilities in the same slots.
//
// Only calls that come back at once can be asked for, and that need nothing of a machine.

import { expect } from "vitest";
import { defined } from "../../harness/defined.ts";
import { FakeBlockDevice } from "../../harness/fake-device.ts";
import {
  Class,
  FakeDevice,
  FakeEndpoint,
  FakeInterrupt,
  FakeKernel,
  FakeNotification,
  type KernelObject,
  Kind,
  pageBytes,
  Right,
  Syscall,
  self,
} from "../../harness/fake-kernel/kernel.ts";
import { Kernel } from "../harness/kernel.ts";

const HART = 0;
/** Bytes of the task's memory object. */
export const VMO_BYTES = 2 * pageBytes;

const program = `
import { systemCall } from "runtime/assembly";
import { result } from "runtime/call";
export function ask(a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64, a6: u64, number: u64): i32 {
  return <i32>systemCall(a0, a1, a2, a3, a4, a5, a6, number);
}
export function word(): u64 { return result(0); }
`;

/** A system call: its number, and its arguments. */
export type Call = readonly [number: number, ...args: (number | bigint)[]];
/** What the task hears: the status, and the first word beside it. */
type Answer = readonly [status: number, word: bigint];
export interface Asked {
  ask(call: Call): Answer;
}

/** What the task is given, by its slots. */
export const slot = {
  endpoint: 0,
  caller: 1,
  notification: 2,
  signaller: 3,
  device: 4,
  lookedAt: 5,
  interrupt: 6,
  console: 7,
  audit: 8,
  trail: 9,
  power: 10,
  // Those that the calls of `prepare` make.
  vmo: 11,
  readable: 12,
  task: 13,
  job: 14,
  free: 15,
} as const;
const given: readonly (readonly [kind: number, fake: () => KernelObject, rights: number, badge: number])[] = [
  [Kind.Endpoint, () => new FakeEndpoint(), Right.All, 0],
  [Kind.Endpoint, () => new FakeEndpoint(), Right.Send, 7],
  [Kind.Notification, () => new FakeNotification(), Right.All, 0],
  [Kind.Notification, () => new FakeNotification(), Right.Send | Right.Receive | Right.Transfer, 3],
  [Kind.Device, () => new FakeDevice(hardware), Right.All, 0],
  [Kind.Device, () => new FakeDevice(hardware), Right.Read, 0],
  [Kind.Interrupt, () => new FakeInterrupt(hardware), Right.All, 0],
  [Kind.Console, () => ({ kind: "console" }), Right.Write, 0],
  [Kind.Audit, () => ({ kind: "audit" }), Right.Write, 0],
  [Kind.Audit, () => ({ kind: "audit" }), Right.Read, 0],
  [Kind.Power, () => ({ kind: "power" }), Right.Transfer, 0],
];
const hardware = new FakeBlockDevice({ version: 2, sectors: 8n });
const prepare: readonly Call[] = [
  [Syscall.CreateVmo, VMO_BYTES, self],
  [Syscall.Copy, slot.vmo, Right.Read, 0],
  [Syscall.CreateTask, Class.App, slot.notification, 1, self],
  // Two hundred tasks and memory objects, sixteen endpoints and notifications, eight pins and eight jobs.
  [Syscall.CreateJob, self, 1000, 0x0010_0010_00c8_00c8n, 0x0008_0008],
];

/** The kernel, with such a task. */
async function real(): Promise<Asked> {
  const kernel = await Kernel.boot(1);
  const task = kernel.spawnOn(HART, Class.Driver);
  for (const [index, [kind, , rights, badge]] of given.entries()) {
    const make = { [Kind.Endpoint]: "newEndpoint", [Kind.Notification]: "newNotification" }[kind];
    kernel.give(task, kind, make ? kernel.guest.call(make) : index, rights, badge);
  }
  const ask = ([number, ...args]: Call): Answer => {
    const { status, words } = kernel.ask(HART, number, ...args);
    return [status, BigInt.asUintN(64, defined(words[0]))];
  };
  return { ask };
}

/** The fake kernel, with such a task. */
async function fake(): Promise<Asked & { readonly kernel: FakeKernel }> {
  const kernel = await FakeKernel.start({ text: program });
  for (const [, object, rights, badge] of given) {
    kernel.insert(object(), rights, badge);
  }
  const ask = ([number, ...args]: Call): Answer => {
    const words = Array.from({ length: 7 }, (_, index) => BigInt(args[index] ?? 0n));
    const status = kernel.guest.call("ask", ...words, BigInt(number));
    return [status, kernel.guest.call64("word")];
  };
  return { ask, kernel };
}

export async function both(): Promise<{ real: Asked; fake: Asked & { readonly kernel: FakeKernel } }> {
  const pair = { real: await real(), fake: await fake() };
  for (const [index, call] of prepare.entries()) {
    const wanted = [0, BigInt(slot.vmo + index)];
    expect([pair.real.ask(call), pair.fake.ask(call)]).toEqual([wanted, wanted]);
  }
  return pair;
}

/** An address at which nothing is mapped, and a slot that holds nothing. */
export const FREE = 0x1000_0000;
export const EMPTY = 63;
