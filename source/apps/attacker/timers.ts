/**
 * Each hart's timer is its own: no system call names one, and no task can reach its registers, neither the CSRs nor
 * those of the CLINT. No matter what a task does, all harts go on ticking.
 */

import { Kind, Right } from "abi/handle";
import { Topic } from "abi/info";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { Role } from "abi/startup";
import { NO_SLOT, SELF, Syscall } from "abi/syscall";
import { systemCall } from "runtime/assembly";
import { create, information, mapDevice, now, result, sleepUntil } from "runtime/call";
import { sleepFor } from "runtime/sleep";
import { slotOf } from "runtime/startup";
import { Crime, commit } from "./puppet/puppet";
import { tellNumber, tellOfHart, tellStatus } from "./report";

const EXTENSION_TIME: u64 = 0x54494d45;
const MTIMECMP: u64 = 0x0200_4000;
const KERNEL_DEVICES: u64 = 0xffff_ffff_c000_0000;
const HARTS_MAX: u32 = 4;
/** The length of each of two rests: long enough for every hart to tick in each, even on a busy host. */
const REST_MILLISECONDS: u64 = 500;

export function attackTimers(): void {
  tellTicks("ticks before");
  tellStatus("ecall TIME set_timer", <i32>systemCall(u64.MAX_VALUE, 0, 0, 0, 0, 0, 0, EXTENSION_TIME));
  commit("a child's ecall TIME set_timer", Crime.EcallSetTimer, 0);
  commit("writing stimecmp", Crime.WriteStimecmp, 0);
  commit("reading stimecmp", Crime.ReadStimecmp, 0);
  commit("reading cycle", Crime.ReadCycle, 0);
  commit("writing sie", Crime.WriteSie, 0);
  commit("writing stvec", Crime.WriteStvec, 0);
  commit("sret", Crime.Sret, 0);
  commit("wfi", Crime.Wfi, 0);
  commit("storing to mtimecmp", Crime.Store, MTIMECMP);
  commit("storing to mtimecmp in the kernel's window", Crime.Store, KERNEL_DEVICES + MTIMECMP);
  commit("loading mtime", Crime.Load, 0x0200_bff8);
  commit("storing to the PLIC", Crime.Store, 0x0c20_1000);
  commit("storing to the UART", Crime.Store, 0x1000_0000);
  commit("storing to a disk's registers", Crime.Store, 0x1000_1000);

  // Only a Device capability gives access to registers. None names the CLINT, and a task cannot make one.
  tellStatus("making a device", create(Kind.Device));
  tellStatus("making an interrupt", create(Kind.Interrupt));
  tellStatus("making the right to harts", create(Kind.Harts));
  tellStatus("mapping a device in no slot", mapDevice(NO_SLOT, USER_MAPPINGS));
  tellStatus("mapping the console as a device", mapDevice(slotOf(Role.Console), USER_MAPPINGS));
  tellStatus("mapping the CLINT by its address", mapDevice(<u32>MTIMECMP, USER_MAPPINGS));
  tellNumber("slots that are a device", devices());
  sleepEverywhere();
  sleepFor(REST_MILLISECONDS);
  tellTicks("ticks after");
}

/** How many of all slots can be mapped as a device. */
function devices(): u32 {
  let found: u32 = 0;
  for (let slot: u32 = 0; slot < 64; slot++) {
    if (mapDevice(slot, USER_MAPPINGS) >= 0) {
      found += 1;
    }
  }
  return found;
}

/** Sleeps with deadlines in the past, now, and far away, on every hart: the tick still comes. */
function sleepEverywhere(): void {
  for (let hart: u32 = 0; hart < HARTS_MAX; hart++) {
    systemCall(hart, 0, 0, 0, 0, 0, 0, Syscall.YieldTo);
    sleepUntil(0);
    sleepUntil(now());
    sleepUntil(now() + 1);
    systemCall(SELF, 0, 0, PAGE_BYTES, Right.All, 0, 0, Syscall.Now);
  }
}

function tellTicks(what: string): void {
  for (let hart: u32 = 0; hart < HARTS_MAX; hart++) {
    information(slotOf(Role.Info), Topic.Hart, hart);
    tellOfHart(what, hart, result(1));
  }
}
