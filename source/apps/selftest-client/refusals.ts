/**
 * Attacks that have to be refused, each with the refusal that the ABI names for it. A task that asks for something it
 * has no right to gets a negative number and goes on; nothing else happens. The attacks on the kernel are here, those
 * on the services in services.ts.
 */
import { Kind, Right, SLOT_COUNT } from "abi/handle";
import { Topic } from "abi/info";
import { PAGE_BYTES, STACK_TOP, USER_BEGIN, USER_END, USER_PROGRAM_END } from "abi/layout";
import { messageInfo, messageInfoWithSlot } from "abi/message";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { CONSOLE_WRITE_MAX, FOREVER, NO_SLOT, SELF, SYSCALL_COUNT, Syscall } from "abi/syscall";
import { CLASS_COUNT, Class } from "abi/task";
import { systemCall } from "runtime/assembly";
import {
  auditWrite,
  bindInterrupt,
  consoleOwn,
  consoleRead,
  consoleWrite,
  copySlot,
  create,
  createTask,
  createVmo,
  drop,
  grant,
  information,
  killTask,
  map,
  mapDevice,
  mapInto,
  pin,
  powerOff,
  result,
  signal,
  startTask,
  stopHart,
  unmap,
  vmoSize,
  wait,
  yieldTo,
} from "runtime/call";
import { call, receive, reply } from "runtime/ipc";
import { line, print } from "runtime/log";
import { slotOf } from "runtime/startup";
import { attempts, beginAttempts, isRefusedAny, isRefusedWith } from "./attempt";
import { attackServices } from "./services";

/** A slot that nothing was ever put into: slots are filled from the lowest on, and this task has a handful. */
const EMPTY_SLOT: u32 = SLOT_COUNT - 1;
/** An address in the middle of nowhere, and one of the kernel's, as a task's pointer and as the kernel's own. */
const NOWHERE: usize = 0x5000_0000;
const KERNEL_LOW: u64 = 0x8020_0000;
const KERNEL_HIGH: u64 = 0xffff_ffff_8020_0000;
/** Where this task maps what it may. */
const FREE_ADDRESS: usize = 0x3000_0000;

/** `selftest: refusals ok n=<how many>`. */
export function testRefusals(): bool {
  beginAttempts();
  const isWell =
    attackSlots() &&
    attackRights() &&
    attackMemory() &&
    attackPointers() &&
    attackTasks() &&
    attackClasses() &&
    attackMessages() &&
    attackServices();
  if (isWell) {
    print(line().text("selftest: refusals ok n=").decimal(attempts()));
  }
  return isWell;
}

/** Slots that hold nothing, or something else. */
function attackSlots(): bool {
  const console = slotOf(Role.Console);
  const info = slotOf(Role.Info);
  return (
    isRefusedWith(Refusal.BadCall, raw(SYSCALL_COUNT, 0), "a call that there is not") &&
    isRefusedWith(Refusal.BadCall, raw(u64.MAX_VALUE, 0), "the last of all calls") &&
    isRefusedWith(Refusal.BadSlot, drop(EMPTY_SLOT), "dropping an empty slot") &&
    isRefusedWith(Refusal.BadSlot, drop(SLOT_COUNT), "dropping a slot past the table") &&
    isRefusedWith(Refusal.BadSlot, raw(Syscall.Drop, 0x1_0000_0000), "a slot of 33 bits") &&
    isRefusedWith(Refusal.BadSlot, signal(0xffff_ffff, 1), "signalling the last of all slots") &&
    isRefusedWith(Refusal.BadSlot, powerOff(NO_SLOT), "turning off with no capability") &&
    isRefusedWith(Refusal.WrongKind, powerOff(console), "turning off with the console") &&
    isRefusedWith(Refusal.WrongKind, signal(console, 1), "signalling the console") &&
    isRefusedWith(Refusal.WrongKind, wait(info, 0), "waiting at an Info") &&
    isRefusedWith(Refusal.WrongKind, receive(console, 0), "receiving at the console") &&
    isRefusedWith(Refusal.WrongKind, vmoSize(console), "the size of the console") &&
    isRefusedWith(Refusal.WrongKind, mapDevice(console, FREE_ADDRESS), "mapping the console as a device") &&
    isRefusedWith(Refusal.WrongKind, bindInterrupt(info, console, 1), "binding an Info as an interrupt") &&
    isRefusedWith(Refusal.WrongKind, pin(info, console, 0, PAGE_BYTES), "pinning for an Info") &&
    isRefusedWith(Refusal.WrongKind, information(console, Topic.System, 0), "asking the console for facts") &&
    isRefusedWith(Refusal.WrongKind, auditWrite(info, 0, 0, 0), "adding to the audit trail with an Info") &&
    isRefusedWith(Refusal.WrongKind, stopHart(info, 0), "stopping a hart with an Info") &&
    isRefusedWith(Refusal.BadArgument, create(Kind.Device), "making a device") &&
    isRefusedWith(Refusal.BadArgument, create(Kind.Power), "making a power switch")
  );
}

/** Rights that were not given, and that a copy cannot gain. */
function attackRights(): bool {
  const service = slotOf(Role.PackageService);
  const console = slotOf(Role.Console);
  if (!isRefusedWith(Refusal.MissingRight, receive(service, 0), "receiving for a service")) {
    return false;
  }
  if (!isRefusedWith(Refusal.MissingRight, copySlot(service, Right.Send, 77), "minting a badge")) {
    return false;
  }
  if (!isRefusedWith(Refusal.MissingRight, consoleOwn(console, 0, 1), "owning the console")) {
    return false;
  }
  if (!isRefusedWith(Refusal.MissingRight, consoleRead(console), "reading what others print")) {
    return false;
  }
  // A copy with more rights than the original is either refused or not what it was asked to be.
  if (copySlot(service, Right.All, 0) >= 0) {
    const copy = <u32>result(0);
    const status = receive(copy, 0);
    drop(copy);
    if (!isRefusedWith(Refusal.MissingRight, status, "receiving on a copy with more rights")) {
      return false;
    }
  }
  const info = messageInfoWithSlot(0, console, Right.Write);
  return isRefusedWith(Refusal.MissingRight, call(service, info, 0, 0, 0), "sending the console along");
}

/** Mappings that would be writable and executable, the kernel's, over others, or past their object. */
function attackMemory(): bool {
  if (createVmo(PAGE_BYTES) < 0) {
    return isRefusedAny(0, "the memory for these attacks");
  }
  const vmo = <u32>result(0);
  const readWrite = Right.Read | Right.Write;
  const isWell =
    isRefusedAny(map(vmo, FREE_ADDRESS, 0, PAGE_BYTES, readWrite | Right.Execute), "mapping W and X") &&
    isRefusedAny(
      map(vmo, FREE_ADDRESS, 0, PAGE_BYTES, Right.Write | Right.Execute),
      "mapping W and X only",
    ) &&
    isRefusedAny(rawMap(vmo, KERNEL_LOW), "mapping at the kernel's low address") &&
    isRefusedAny(rawMap(vmo, KERNEL_HIGH), "mapping at the kernel's address") &&
    isRefusedAny(rawMap(vmo, 0x1_0000_0000 | <u64>FREE_ADDRESS), "mapping at 33 bits") &&
    isRefusedAny(rawMap(vmo, USER_END), "mapping at the end of user space") &&
    isRefusedAny(map(vmo, 0, 0, PAGE_BYTES, readWrite), "mapping at null") &&
    isRefusedWith(Refusal.Overlap, map(vmo, USER_BEGIN, 0, PAGE_BYTES, readWrite), "mapping over the code") &&
    isRefusedWith(
      Refusal.Overlap,
      map(vmo, STACK_TOP - PAGE_BYTES, 0, PAGE_BYTES, readWrite),
      "mapping over the stack",
    ) &&
    isRefusedAny(map(vmo, FREE_ADDRESS + 8, 0, PAGE_BYTES, readWrite), "mapping between pages") &&
    isRefusedAny(map(vmo, FREE_ADDRESS, 0, 2 * PAGE_BYTES, readWrite), "mapping past the object") &&
    isRefusedAny(
      map(vmo, FREE_ADDRESS, 0xffff_f000, PAGE_BYTES, readWrite),
      "mapping from past the object",
    ) &&
    isRefusedAny(map(vmo, FREE_ADDRESS, PAGE_BYTES, 0xffff_f000, readWrite), "mapping around the end") &&
    isRefusedAny(map(vmo, FREE_ADDRESS, 0, 0, readWrite), "mapping nothing") &&
    isRefusedAny(unmap(NOWHERE), "unmapping an unmapped address") &&
    isRefusedAny(createVmo(0), "an object of no bytes") &&
    isRefusedAny(createVmo(0xffff_f000), "an object of four gigabytes");
  drop(vmo);
  return isWell;
}

/** Pointers that the kernel must not follow. */
function attackPointers(): bool {
  const console = slotOf(Role.Console);
  return (
    isRefusedWith(Refusal.BadAddress, rawWrite(console, 0, 8), "printing from null") &&
    isRefusedWith(Refusal.BadAddress, rawWrite(console, NOWHERE, 8), "printing from nowhere") &&
    isRefusedWith(Refusal.BadAddress, rawWrite(console, KERNEL_LOW, 8), "printing the kernel, low") &&
    isRefusedWith(Refusal.BadAddress, rawWrite(console, KERNEL_HIGH, 8), "printing the kernel") &&
    isRefusedWith(Refusal.BadAddress, rawWrite(console, 0x40_0000_0000, 8), "printing from the hole") &&
    isRefusedWith(Refusal.BadAddress, rawWrite(console, u64.MAX_VALUE - 4, 8), "printing around the end") &&
    isRefusedWith(Refusal.BadAddress, rawWrite(console, <u64>STACK_TOP - 8, 64), "printing past the stack") &&
    isRefusedWith(
      Refusal.BadArgument,
      rawWrite(console, <u64>USER_BEGIN, CONSOLE_WRITE_MAX + 1),
      "a long line",
    ) &&
    isRefusedWith(Refusal.WrongKind, consoleWrite(slotOf(Role.Info), USER_BEGIN, 8), "printing to an Info")
  );
}

/** Tasks and harts that this task has no right to change. */
function attackTasks(): bool {
  return (
    isRefusedWith(Refusal.HartOffline, yieldTo(63), "going to hart 63") &&
    isRefusedWith(Refusal.HartOffline, yieldTo(0xffff_ffff), "going to the last of all harts") &&
    isRefusedWith(Refusal.HartOffline, raw(Syscall.YieldTo, 0x1_0000_0000), "going to a hart of 33 bits") &&
    isRefusedAny(startTask(SELF, USER_BEGIN, STACK_TOP), "starting itself again") &&
    isRefusedWith(Refusal.BadSlot, startTask(EMPTY_SLOT, USER_BEGIN, STACK_TOP), "starting an empty slot") &&
    isRefusedWith(Refusal.BadSlot, killTask(EMPTY_SLOT), "killing an empty slot") &&
    isRefusedAny(grant(SELF, slotOf(Role.Console), Right.All, 0, EMPTY_SLOT), "granting to itself") &&
    isRefusedAny(
      mapInto(EMPTY_SLOT, EMPTY_SLOT, USER_PROGRAM_END, 0, PAGE_BYTES, Right.Read),
      "mapping into an empty slot",
    ) &&
    isRefusedWith(Refusal.BadArgument, information(slotOf(Role.Info), <Topic>99, 0), "an unknown topic") &&
    isRefusedAny(information(slotOf(Role.Info), Topic.Hart, 99), "hart 99's counters")
  );
}

/** Tasks that would be more urgent than their maker, or of no class at all. */
function attackClasses(): bool {
  if (create(Kind.Notification) < 0) {
    return isRefusedAny(0, "the notification for these attacks");
  }
  const notification = <u32>result(0);
  const isWell =
    isRefusedWith(
      Refusal.BadArgument,
      createTask(<Class>CLASS_COUNT, notification, 1),
      "a class past the last",
    ) &&
    isRefusedWith(
      Refusal.MissingRight,
      createTask(Class.Driver, notification, 1),
      "a task more urgent than us",
    ) &&
    isRefusedWith(
      Refusal.BadSlot,
      createTask(Class.App, EMPTY_SLOT, 1),
      "a task without a notification for its end",
    );
  drop(notification);
  return isWell;
}

/** Messages that are too long, replies without a caller. */
function attackMessages(): bool {
  const service = slotOf(Role.PackageService);
  return (
    isRefusedWith(Refusal.NotWaiting, reply(0, messageInfo(0), 0, 0), "replying to token 0") &&
    isRefusedWith(Refusal.NotWaiting, reply(0x1234_5678, messageInfo(0), 0, 0), "a forged token") &&
    isRefusedWith(Refusal.NotWaiting, reply(u64.MAX_VALUE, messageInfo(0), 0, 0), "the last of all tokens") &&
    isRefusedWith(Refusal.BadArgument, call(service, 0x1fff, 0, 0, FOREVER), "a message of two pages") &&
    isRefusedWith(
      Refusal.BadSlot,
      call(service, messageInfoWithSlot(0, EMPTY_SLOT, Right.Read), 0, 0, FOREVER),
      "sending an empty slot along",
    ) &&
    isRefusedWith(Refusal.BadSlot, call(EMPTY_SLOT, 0, 0, 0, FOREVER), "calling an empty slot")
  );
}

/** A raw system call with one argument of 64 bits. */
function raw(number: u64, argument: u64): i32 {
  return <i32>systemCall(argument, 0, 0, 0, 0, 0, 0, number);
}

/** Map with an address of 64 bits. */
function rawMap(vmo: u32, address: u64): i32 {
  return <i32>systemCall(SELF, vmo, address, 0, PAGE_BYTES, Right.Read | Right.Write, 0, Syscall.Map);
}

/** ConsoleWrite with an address of 64 bits. */
function rawWrite(console: u32, address: u64, bytes: u64): i32 {
  return <i32>systemCall(console, address, bytes, 0, 0, 0, 0, Syscall.ConsoleWrite);
}
