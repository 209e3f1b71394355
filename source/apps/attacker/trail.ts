/** A few attempts of different kinds, for the audit trail, which `nx audit` prints later in the run. */
import { Kind, Right, SLOT_COUNT } from "abi/handle";
import { messageInfoWithSlot } from "abi/message";
import { Role } from "abi/startup";
import { FOREVER, Syscall } from "abi/syscall";
import { Class } from "abi/task";
import { writeSectors } from "runtime/blocks";
import { copySlot, create, createTask, drop, grant, killTask, result, signal, stopHart } from "runtime/call";
import { call } from "runtime/ipc";
import { slotOf } from "runtime/startup";
import { Crime, commit, puppet } from "./puppet/puppet";
import { tellBlock, tellNumber, tellStatus } from "./report";

export function leaveTrail(): void {
  const console = slotOf(Role.Console);
  const service = slotOf(Role.PackageService);
  tellNumber("slot of the console", console);
  tellNumber("slot of the service", service);
  tellNumber("slot of Info", slotOf(Role.Info));
  tellStatus("signalling the console", signal(console, 1));
  tellStatus("stopping a hart with Info", stopHart(slotOf(Role.Info), 0));
  tellStatus("signalling an empty slot", signal(SLOT_COUNT - 1, 1));
  tellStatus("dropping an empty slot", drop(SLOT_COUNT - 2));
  tellStatus("minting a badge", copySlot(service, Right.Send, 99));
  create(Kind.Notification);
  const notification = <u32>result(0);
  createTask(Class.App, notification, 1);
  const task = <u32>result(0);
  tellStatus("granting the console", grant(task, console, Right.Write, 0, 1));
  killTask(task);
  drop(task);
  drop(notification);
  const along = messageInfoWithSlot(0, console, Right.Write);
  tellStatus("sending the console along", call(service, along, 0, 0, FOREVER));
  commit("reading null", Crime.Load, 0);
  tellBlock("writing to the disk", writeSectors(slotOf(Role.BlockService), 7, 1, 0));
  floodTrail();
}

/** Two children, one after the other, get far more refusals than the trail has room for. */
function floodTrail(): void {
  for (let i: u32 = 0; i < FLOODERS; i++) {
    const flooder = puppet(0);
    if (flooder === null) {
      return;
    }
    for (let step: u32 = 0; step < FLOOD; step++) {
      flooder.does(Syscall.Signal, step % SLOT_COUNT, 1, 0, 0, 0);
    }
    const last = flooder.step(FLOOD - 1);
    flooder.leaves().starts();
    tellNumber("a child that floods has left", flooder.awaitEnd() ? 1 : 0);
    tellStatus("its last attempt", <i32>last.status);
    flooder.forget();
  }
}

const FLOODERS: u32 = 2;
/** Attempts of each: each slot is tried several times. */
const FLOOD: u32 = 4 * SLOT_COUNT;
