/**
 * Capabilities: slots that were never filled, slots that were emptied, and attempts to gain rights by a copy, by a
 * grant or in a message. The test of a copy is what it then allows, not what was asked for.
 */
import { Audit } from "abi/audit";
import { Kind, Right, SLOT_COUNT } from "abi/handle";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { infoBadge, infoSlotPlusOne, messageInfo, messageInfoWithSlot } from "abi/message";
import { Role } from "abi/startup";
import { FOREVER, SELF, Syscall } from "abi/syscall";
import { Class } from "abi/task";
import {
  auditRead,
  auditWrite,
  consoleOwn,
  consoleRead,
  copySlot,
  create,
  createTask,
  createVmo,
  drop,
  grant,
  killTask,
  map,
  powerOff,
  result,
  signal,
  startTask,
  wait,
} from "runtime/call";
import { call, receive, receivedInfo, reply, replyToken } from "runtime/ipc";
import { slotOf } from "runtime/startup";
import { puppet } from "../puppet/puppet";
import { tellNumber, tellStatus } from "../report";

const FREE: usize = USER_MAPPINGS + 0x0800_0000;
const READ_WRITE: u32 = Right.Read | Right.Write;
/** The slot in which children find the capability that they are given. */
const GIVEN: u32 = 10;
const ENDPOINT: u32 = 11;

export function attackCapabilities(): void {
  attackEverySlot();
  attackDropped();
  attackCopies();
  attackGrants();
  attackMessages();
  attackOthers();
}

/** Tries every number that is no slot of ours, and every slot as the power switch, which we were not given. */
function attackEverySlot(): void {
  let worked: u32 = 0;
  for (let slot: u32 = 0; slot < 2 * SLOT_COUNT; slot++) {
    if (powerOff(slot) >= 0) {
      worked += 1;
    }
  }
  for (let bit: u32 = 6; bit < 32; bit++) {
    if (powerOff((<u32>1) << bit) >= 0) {
      worked += 1;
    }
  }
  tellNumber("slots that turn the machine off", worked);
  worked = 0;
  for (let slot: u32 = SLOT_COUNT; slot < 4096; slot++) {
    if (copySlot(slot, Right.All, 0) >= 0) {
      worked += 1;
    }
  }
  tellNumber("slots behind the table that can be copied", worked);
  tellStatus("dropping a slot past the table", drop(SLOT_COUNT));
  tellStatus("dropping itself", drop(SELF));
}

/** A dropped slot names nothing any more, and the next object in the slot is checked as what it is. */
function attackDropped(): void {
  create(Kind.Notification);
  const slot = <u32>result(0);
  drop(slot);
  tellStatus("signalling what was dropped", signal(slot, 1));
  tellStatus("waiting at what was dropped", wait(slot, 0));
  tellStatus("copying what was dropped", copySlot(slot, Right.All, 0));
  tellStatus("dropping twice", drop(slot));
  createVmo(PAGE_BYTES);
  tellNumber("the slot is used again", <u32>result(0) === slot ? 1 : 0);
  tellStatus("signalling what took its place", signal(slot, 1));
  drop(slot);
  tellStatus("mapping what was dropped", map(slot, FREE, 0, PAGE_BYTES, Right.Read));
}

function attackCopies(): void {
  createVmo(PAGE_BYTES);
  const vmo = <u32>result(0);
  copySlot(vmo, Right.Read, 0);
  const readable = <u32>result(0);
  tellStatus("mapping W by a copy for reading", map(readable, FREE, 0, PAGE_BYTES, READ_WRITE));
  copySlot(readable, Right.All, 0);
  const grown = <u32>result(0);
  tellStatus("mapping W by a copy of the copy with all rights", map(grown, FREE, 0, PAGE_BYTES, READ_WRITE));
  tellStatus("mapping X by it", map(grown, FREE, 0, PAGE_BYTES, Right.Read | Right.Execute));
  tellStatus("a badge for memory", copySlot(vmo, Right.All, 7));
  tellStatus("a badge for a service", copySlot(slotOf(Role.PackageService), Right.Send, 1));
  copySlot(slotOf(Role.PackageService), Right.All, 0);
  const service = <u32>result(0);
  tellStatus("receiving for a service by a copy with all rights", receive(service, 0));
  copySlot(slotOf(Role.Console), Right.All, 0);
  const console = <u32>result(0);
  tellStatus("owning the console by a copy with all rights", consoleOwn(console, 0, 1));
  tellStatus("reading the console by it", consoleRead(console));
  drop(console);
  drop(service);
  drop(grown);
  drop(readable);
  drop(vmo);
}

/** Grants to a task that we made: we cannot give a capability that we do not have, or one without Right.Transfer. */
function attackGrants(): void {
  create(Kind.Notification);
  const ended = <u32>result(0);
  createTask(Class.App, ended, 1);
  const task = <u32>result(0);
  tellStatus("granting what must not travel", grant(task, slotOf(Role.Console), Right.Write, 0, GIVEN));
  tellStatus("granting an empty slot", grant(task, SLOT_COUNT - 1, Right.All, 0, GIVEN));
  tellStatus("granting past the table", grant(task, ended, Right.All, 0, SLOT_COUNT));
  tellStatus("granting to itself", grant(SELF, ended, Right.All, 0, GIVEN));
  tellStatus("granting to a service", grant(slotOf(Role.PackageService), ended, Right.All, 0, GIVEN));
  createVmo(PAGE_BYTES);
  const vmo = <u32>result(0);
  tellStatus("granting memory with a badge", grant(task, vmo, Right.All, 9, GIVEN));
  drop(vmo);
  tellStatus("granting", grant(task, ended, Right.Send, 0, GIVEN));
  tellStatus("granting over it", grant(task, ended, Right.All, 0, GIVEN));
  tellStatus("starting in the kernel", startTask(task, 0x8020_0000, 0x1000));
  killTask(task);
  tellStatus("granting to a task that has ended", grant(task, ended, Right.All, 0, GIVEN + 1));
  tellStatus("starting a task that has ended", startTask(task, 0x1_0000, 0x1000));
  drop(task);

  // A child that was given only Send tries what Receive would allow, with a copy that asks for all rights.
  const child = puppet(0);
  if (child === null) {
    return;
  }
  grant(child.task, ended, Right.Send, 0, GIVEN);
  const copied = child.does(Syscall.Copy, GIVEN, Right.All, 0, 0, 0);
  const waited = child.does(Syscall.Wait, GIVEN, 0, 0, 0, 0);
  const waitedOnCopy = child.does(Syscall.Wait, 0, 0, 0, 0, 0);
  child.leaves().starts();
  child.awaitEnd();
  tellStatus("a child's copy with all rights", <i32>copied.status);
  tellStatus("a child's waiting with Send only", <i32>waited.status);
  tellStatus("a child's waiting with the copy", <i32>waitedOnCopy.status);
  child.forget();
  drop(ended);
}

/** A child sends along capabilities that it holds with few rights, and asks for all rights on the other side. */
function attackMessages(): void {
  create(Kind.Endpoint);
  const endpoint = <u32>result(0);
  create(Kind.Notification);
  const notification = <u32>result(0);
  const child = puppet(0);
  if (child === null) {
    return;
  }
  grant(child.task, endpoint, Right.Send, 5, ENDPOINT);
  grant(child.task, notification, Right.Send | Right.Transfer, 0, GIVEN);
  grant(child.task, notification, Right.Send, 0, GIVEN + 5);
  const sent = child.does(Syscall.Call, ENDPOINT, messageInfoWithSlot(0, GIVEN, Right.All), 0, 0, 0);
  sent.a6 = FOREVER;
  const stuck = child.does(Syscall.Call, ENDPOINT, messageInfoWithSlot(0, GIVEN + 5, Right.All), 0, 0, 0);
  stuck.a6 = FOREVER;
  const badged = child.does(Syscall.Copy, ENDPOINT, Right.Send, 6, 0, 0);
  const received = child.does(Syscall.Receive, ENDPOINT, 0, 0, 0, 0);
  child.leaves().starts();

  const came = receive(endpoint, FOREVER);
  const info = receivedInfo();
  const token = replyToken();
  tellStatus("receiving a capability", came);
  tellNumber("the badge that came along", infoBadge(info));
  const arrived = infoSlotPlusOne(info) - 1;
  tellStatus("signalling by what arrived", signal(arrived, 1));
  tellStatus("waiting by what arrived", wait(arrived, 0));
  drop(arrived);
  reply(token, messageInfo(0), 0, 0);
  child.awaitEnd();
  tellStatus("a child's sending of what may travel", <i32>sent.status);
  tellStatus("a child's sending of what may not travel", <i32>stuck.status);
  tellStatus("a child's other badge", <i32>badged.status);
  tellStatus("a child's receiving with Send only", <i32>received.status);
  child.forget();
  drop(endpoint);
  drop(notification);
  const console = messageInfoWithSlot(0, slotOf(Role.Console), Right.Write);
  tellStatus("sending the console along", call(slotOf(Role.PackageService), console, 0, 0, FOREVER));
}

/** The audit trail, by a capability for something else. */
function attackOthers(): void {
  const info = slotOf(Role.Info);
  tellStatus("writing to the audit trail with Info", auditWrite(info, Audit.BlockRefused, 0, 0));
  tellStatus("reading the audit trail with Info", auditRead(info, Audit.HartStarted, 0));
}
