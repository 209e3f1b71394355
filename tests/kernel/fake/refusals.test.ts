// What the kernel refuses a task, each for its reason; the fake kernel refuses the same.

import { expect, test } from "vitest";
import {
  Audit,
  auditKindCount,
  consoleWriteMax,
  Kind,
  messagePage,
  pageBytes,
  Refusal,
  Right,
  Syscall,
  self,
  userEnd,
} from "../../harness/fake-kernel/kernel.ts";
import { both, type Call, EMPTY, FREE, slot, VMO_BYTES } from "./both.ts";

const refused: readonly (readonly [what: string, refusal: number, call: Call])[] = [
  ["an empty slot", Refusal.BadSlot, [Syscall.VmoSize, EMPTY]],
  ["a slot beyond the table", Refusal.BadSlot, [Syscall.VmoSize, 64]],
  ["a memory object that is none", Refusal.WrongKind, [Syscall.VmoSize, slot.endpoint]],
  ["no bytes", Refusal.BadArgument, [Syscall.CreateVmo, 0, self]],
  ["more bytes than an object has", Refusal.BadArgument, [Syscall.CreateVmo, 0x0400_0001, self]],
  [
    "to map what it may only read, to write",
    Refusal.MissingRight,
    mapping({ vmo: slot.readable, rights: 3 }),
  ],
  ["to map without reading", Refusal.BadArgument, mapping({ rights: Right.Write })],
  [
    "to map to write and execute",
    Refusal.BadArgument,
    mapping({ rights: Right.Read | Right.Write | Right.Execute }),
  ],
  ["to map with a right that is none of mapping", Refusal.BadArgument, mapping({ rights: 9 })],
  ["to map at the null page", Refusal.BadArgument, mapping({ address: 0 })],
  ["to map in the middle of a page", Refusal.BadArgument, mapping({ address: FREE + 8 })],
  ["to map part of a page", Refusal.BadArgument, mapping({ bytes: 100 })],
  ["to map nothing", Refusal.BadArgument, mapping({ bytes: 0 })],
  ["to map more than there is", Refusal.BadArgument, mapping({ bytes: VMO_BYTES + pageBytes })],
  ["to map from behind the end", Refusal.BadArgument, mapping({ offset: VMO_BYTES })],
  ["to map beyond the address space", Refusal.BadArgument, mapping({ address: userEnd - pageBytes })],
  ["to map over the message page", Refusal.Overlap, mapping({ address: messagePage })],
  ["to map into what is no task", Refusal.WrongKind, mapping({ task: slot.endpoint })],
  ["to unmap what is not mapped", Refusal.BadAddress, [Syscall.Unmap, self, FREE]],
  ["to unmap the message page", Refusal.BadArgument, [Syscall.Unmap, self, messagePage]],
  ["to call without the right", Refusal.WrongKind, [Syscall.Call, slot.notification]],
  ["to call with too long a message", Refusal.BadArgument, [Syscall.Call, slot.endpoint, 4097]],
  ["to send what it has not", Refusal.BadSlot, [Syscall.Call, slot.endpoint, (EMPTY + 1) << 16]],
  [
    "to send what may not travel",
    Refusal.MissingRight,
    [Syscall.Call, slot.endpoint, (slot.caller + 1) << 16],
  ],
  ["to receive without the right", Refusal.MissingRight, [Syscall.Receive, slot.caller]],
  ["to answer and receive without the right", Refusal.MissingRight, [Syscall.ReplyReceive, slot.caller]],
  ["the same with a deadline", Refusal.MissingRight, [Syscall.ReplyReceiveUntil, slot.caller]],
  [
    "to answer with too long a message",
    Refusal.BadArgument,
    [Syscall.ReplyReceiveUntil, slot.endpoint, 4097, 0, 0, 0],
  ],
  ["to answer no caller", Refusal.NotWaiting, [Syscall.Reply, 5]],
  ["to signal an endpoint", Refusal.WrongKind, [Syscall.Signal, slot.endpoint, 1]],
  ["to signal other bits", Refusal.MissingRight, [Syscall.Signal, slot.signaller, 4]],
  ["to wait for an endpoint", Refusal.WrongKind, [Syscall.Wait, slot.endpoint]],
  ["to make what is made otherwise", Refusal.BadArgument, [Syscall.Create, Kind.Vmo]],
  ["to copy nothing", Refusal.BadSlot, [Syscall.Copy, EMPTY, Right.All, 0]],
  ["a badge that is too large", Refusal.BadArgument, [Syscall.Copy, slot.endpoint, Right.All, 2n ** 32n]],
  ["a badge on a memory object", Refusal.WrongKind, [Syscall.Copy, slot.vmo, Right.All, 1]],
  [
    "a badge on a console that is not one's own",
    Refusal.MissingRight,
    [Syscall.Copy, slot.console, Right.All, 1],
  ],
  ["a badge without the right", Refusal.MissingRight, [Syscall.Copy, slot.caller, Right.All, 1]],
  ["a badge with more bits", Refusal.MissingRight, [Syscall.Copy, slot.signaller, Right.All, 4]],
  ["to drop nothing", Refusal.BadSlot, [Syscall.Drop, EMPTY]],
  ["to grant what may not travel", Refusal.MissingRight, [Syscall.Grant, slot.task, slot.console, 127, 0, 0]],
  ["to grant into no slot", Refusal.BadSlot, [Syscall.Grant, slot.task, slot.vmo, 127, 0, 64]],
  ["to grant to no task", Refusal.WrongKind, [Syscall.Grant, slot.vmo, slot.vmo, 127, 0, 0]],
  ["a task of no class", Refusal.BadArgument, [Syscall.CreateTask, 4, slot.notification, 1, self]],
  ["a task that signals other bits", Refusal.MissingRight, [Syscall.CreateTask, 2, slot.signaller, 4, self]],
  ["to start a task beyond its memory", Refusal.BadArgument, [Syscall.StartTask, slot.task, userEnd, 0]],
  ["to name what is no task", Refusal.WrongKind, [Syscall.NameTask, slot.vmo, 0, 0]],
  ["the registers of a device to read only", Refusal.MissingRight, [Syscall.MapDevice, slot.lookedAt, FREE]],
  ["to pin for a device to read only", Refusal.MissingRight, pinning({ device: slot.lookedAt })],
  ["to pin what it may only read", Refusal.MissingRight, pinning({ vmo: slot.readable })],
  ["to pin nothing", Refusal.BadArgument, pinning({ bytes: 0 })],
  ["to pin more than there is", Refusal.BadArgument, pinning({ offset: pageBytes, bytes: VMO_BYTES })],
  ["to unpin what is not pinned", Refusal.BadState, [Syscall.Unpin, slot.device, 0, 0]],
  ["to unpin more than there can be", Refusal.BadArgument, [Syscall.Unpin, slot.device, 16, 0]],
  [
    "to write a device's memory of the ring",
    Refusal.BadArgument,
    [Syscall.WriteRegister, slot.device, 0x80, 1],
  ],
  ["to choose another queue", Refusal.BadArgument, [Syscall.WriteRegister, slot.device, 0x30, 1]],
  ["to write a register to read only", Refusal.MissingRight, [Syscall.WriteRegister, slot.lookedAt, 0x70, 0]],
  ["a queue of three", Refusal.BadArgument, [Syscall.SetUpQueue, slot.device, 3, FREE]],
  ["a queue of 512", Refusal.BadArgument, [Syscall.SetUpQueue, slot.device, 512, FREE]],
  ["to offer what has no queue", Refusal.BadState, [Syscall.Offer, slot.device, 0, 0]],
  ["to offer for what is no device", Refusal.WrongKind, [Syscall.Offer, slot.vmo, 0, 0]],
  [
    "to bind an interrupt to an endpoint",
    Refusal.WrongKind,
    [Syscall.BindInterrupt, slot.interrupt, slot.endpoint, 1],
  ],
  [
    "to complete an interrupt that did not come",
    Refusal.BadState,
    [Syscall.CompleteInterrupt, slot.interrupt],
  ],
  [
    "to own a console to write",
    Refusal.MissingRight,
    [Syscall.ConsoleOwn, slot.console, slot.notification, 1],
  ],
  ["to read a console to write", Refusal.MissingRight, [Syscall.ConsoleRead, slot.console]],
  ["to write to what is no console", Refusal.WrongKind, [Syscall.ConsoleWrite, slot.power, FREE, 1]],
  ["to write too much", Refusal.BadArgument, [Syscall.ConsoleWrite, slot.console, FREE, consoleWriteMax + 1]],
  ["a record of the kernel's", Refusal.BadArgument, [Syscall.AuditWrite, slot.audit, Audit.TaskEnded, 0, 0]],
  ["a record of no kind", Refusal.BadArgument, [Syscall.AuditWrite, slot.audit, auditKindCount, 0, 0]],
  [
    "a record in what it may only read",
    Refusal.MissingRight,
    [Syscall.AuditWrite, slot.trail, Audit.BlockRefused, 0, 0],
  ],
  ["a task in what is no job", Refusal.WrongKind, [Syscall.CreateTask, 2, slot.notification, 1, slot.vmo]],
  ["more jobs than its job may make", Refusal.Quota, [Syscall.CreateJob, slot.job, 0, 0, 8 << 16]],
  ["more pages than its job has", Refusal.Quota, [Syscall.CreateJob, slot.job, 1001, 0, 0]],
  ["a job of what is none", Refusal.WrongKind, [Syscall.CreateJob, slot.task, 0, 0, 0]],
  ["to end what is no job", Refusal.WrongKind, [Syscall.EndJob, slot.task]],
  ["to turn the machine off", Refusal.MissingRight, [Syscall.PowerOff, slot.power]],
];

function mapping(change: {
  task?: number;
  vmo?: number;
  address?: number;
  offset?: number;
  bytes?: number;
  rights?: number;
}): Call {
  const {
    task = self,
    vmo = slot.vmo,
    address = FREE,
    offset = 0,
    bytes = VMO_BYTES,
    rights = Right.Read,
  } = change;
  return [Syscall.Map, task, vmo, address, offset, bytes, rights];
}

function pinning(change: { device?: number; vmo?: number; offset?: number; bytes?: number }): Call {
  const { device = slot.device, vmo = slot.vmo, offset = 0, bytes = VMO_BYTES } = change;
  return [Syscall.Pin, device, vmo, offset, bytes];
}

test("what the kernel refuses a task, the fake kernel refuses with the same", async () => {
  const { real, fake } = await both();
  for (const [what, refusal, call] of refused) {
    const [inKernel, inFake] = [real.ask(call), fake.ask(call)];
    expect([what, inKernel[0], inFake]).toEqual([what, refusal, inKernel]);
  }
});
