/**
 * The built-in firmware: it answers SBI calls (RISC-V Supervisor Binary Interface 2.0) when an S-mode `ecall` traps and no
 * machine-mode program was loaded. There is no M-mode code: each call is carried out here, at once.
 *
 *   a7 extension   a6 function   a0 to a5 arguments   ─▶   a0 error   a1 value
 *
 * A hart starts as OpenSBI starts it: traps and interrupts of the supervisor are delegated, counters are readable,
 * translation and interrupts are off. Where OpenSBI is more tolerant than the specification, this firmware is not: it
 * refuses a hart mask that names a missing hart.
 */

import {
  HartState,
  hartAt,
  hartState,
  Interrupt,
  readRegister,
  setPending,
  setSupervisorDeadline,
  writeRegister,
} from "../hart/hart";
import { consoleByte } from "../host";
import { random } from "../interleave";
import { hartCount } from "../layout";
import { physicalLoad } from "../memory/dma";
import { isRam } from "../memory/ram";
import { Power, turnOff } from "../power";
import { Event, trace } from "../trace";
import {
  fenceCalled,
  isReachable,
  startCalled,
  startSupervisor,
  statusOf,
  stopAll,
  stopCalled,
} from "./hart-calls";

/** Extensions (SBI 2.0, chapters 4 to 12). */
export const enum Extension {
  LegacySetTimer = 0,
  LegacyPutchar = 1,
  LegacyGetchar = 2,
  LegacyClearIpi = 3,
  LegacyShutdown = 8,
  Base = 0x10,
  Time = 0x54494d45,
  Ipi = 0x735049,
  Rfence = 0x52464e43,
  Hsm = 0x48534d,
  Srst = 0x53525354,
  Dbcn = 0x4442434e,
}

/** Errors (SBI 2.0, table 1). */
const OK: i64 = 0;
const NOT_SUPPORTED: i64 = -2;
const INVALID_PARAM: i64 = -3;
const INVALID_ADDRESS: i64 = -5;
const ALREADY_AVAILABLE: i64 = -6;

const SPEC_VERSION: u64 = 0x0200_0000;
/** "NX", a number that the specification has not given to anyone. */
const IMPLEMENTATION: u64 = 0x4e58;
const IMPLEMENTATION_VERSION: u64 = 1;

const A0: u32 = 10;
const A1: u32 = 11;
const A6: u32 = 16;
const A7: u32 = 17;
const ALL_HARTS: u64 = 0xffff_ffff_ffff_ffff;
/** The most bytes of one DBCN write that are printed. */
const WRITE_BYTES_MAX: u64 = 4096;

/**
 * Power-on: a hart drawn from the seed starts in S-mode at `entry`, with its number in a0 and `tree`, the device tree's
 * physical address, in a1. The others are stopped. Returns the number of the hart that starts.
 */
export function firmwareBoot(entry: u64, tree: u64, sstc: bool): u32 {
  stopAll(entry, tree, sstc);
  const boot = <u32>(random() % <u64>hartCount());
  startSupervisor(boot, entry, tree);
  return boot;
}

/** The value that the current call returns. Not used after the call. */
let answer: u64 = 0;

/** Answers the `ecall` of a hart. The hart then goes on, unless it stopped or waits for other harts (hart-calls.ts). */
export function sbiCall(id: u32): void {
  const extension = readRegister(id, A7);
  trace(Event.Firmware, id, extension, readRegister(id, A6));
  if (extension <= <u64>Extension.LegacyShutdown) {
    writeRegister(id, A0, <u64>legacy(id, <u32>extension));
    return;
  }
  answer = 0;
  const error = dispatch(id, extension, readRegister(id, A6));
  if (hartState(id) === HartState.Fencing) {
    return;
  }
  writeRegister(id, A0, <u64>error);
  writeRegister(id, A1, answer);
}

function dispatch(id: u32, extension: u64, call: u64): i64 {
  if (extension === Extension.Base) {
    return base(id, call);
  }
  if (extension === Extension.Time) {
    return call === 0 ? setTimer(id, argument(id, 0)) : NOT_SUPPORTED;
  }
  if (extension === Extension.Ipi) {
    return call === 0 ? sendIpi(id) : NOT_SUPPORTED;
  }
  if (extension === Extension.Rfence) {
    return remoteFence(id, call);
  }
  if (extension === Extension.Hsm) {
    return hartManagement(id, call);
  }
  if (extension === Extension.Srst) {
    return call === 0 ? systemReset(id) : NOT_SUPPORTED;
  }
  if (extension === Extension.Dbcn) {
    return debugConsole(id, call);
  }
  return NOT_SUPPORTED;
}

function argument(id: u32, index: u32): u64 {
  return readRegister(id, A0 + index);
}

/** The calls of SBI 0.1. They return an error in a0, and leave a1 as it is. */
function legacy(id: u32, call: u32): i64 {
  switch (call) {
    case Extension.LegacySetTimer:
      return setTimer(id, argument(id, 0));
    case Extension.LegacyPutchar: {
      const byte = <u32>argument(id, 0) & 0xff;
      // OpenSBI ends lines with CR LF, as a terminal needs it.
      if (byte === 0x0a) {
        consoleByte(0x0d);
      }
      consoleByte(byte);
      return OK;
    }
    case Extension.LegacyGetchar:
      return -1;
    case Extension.LegacyClearIpi:
      setPending(id, Interrupt.SupervisorSoftware, false);
      return OK;
    case Extension.LegacyShutdown:
      turnOff(Power.Off, 0);
      return OK;
    default:
      return NOT_SUPPORTED;
  }
}

function base(id: u32, call: u64): i64 {
  if (call === 0) {
    return give(SPEC_VERSION);
  }
  if (call === 1) {
    return give(IMPLEMENTATION);
  }
  if (call === 2) {
    return give(IMPLEMENTATION_VERSION);
  }
  if (call === 3) {
    return give(has(argument(id, 0)) ? 1 : 0);
  }
  // mvendorid, marchid and mimpid are 0: not implemented.
  return call <= 6 ? give(0) : NOT_SUPPORTED;
}

function give(value: u64): i64 {
  answer = value;
  return OK;
}

function has(extension: u64): bool {
  if (extension <= <u64>Extension.LegacyClearIpi || extension === Extension.LegacyShutdown) {
    return true;
  }
  return (
    extension === Extension.Base ||
    extension === Extension.Time ||
    extension === Extension.Ipi ||
    extension === Extension.Rfence ||
    extension === Extension.Hsm ||
    extension === Extension.Srst ||
    extension === Extension.Dbcn
  );
}

/** Sets the timer. That also clears a pending timer interrupt (SBI 6.1). */
function setTimer(id: u32, deadline: u64): i64 {
  setSupervisorDeadline(id, deadline);
  return OK;
}

/** The harts of a hart mask (SBI 3.1) as bits, or ALL_HARTS if one of them does not exist. */
function maskedHarts(mask: u64, first: u64): u64 {
  const all: u64 = ((<u64>1) << hartCount()) - 1;
  if (first === ALL_HARTS) {
    return all;
  }
  if (first >= 64) {
    return ALL_HARTS;
  }
  const harts = mask << first;
  return harts >> first === mask && (harts & ~all) === 0 ? harts : ALL_HARTS;
}

function sendIpi(id: u32): i64 {
  const harts = maskedHarts(argument(id, 0), argument(id, 1));
  if (harts === ALL_HARTS) {
    return INVALID_PARAM;
  }
  for (let target: u32 = 0; target < hartCount(); target++) {
    // The interrupt of a stopped hart is dropped.
    if (((harts >> target) & 1) === 0 || !isReachable(target)) {
      continue;
    }
    setPending(target, Interrupt.SupervisorSoftware, true);
  }
  return OK;
}

/** fence.i, sfence.vma, and sfence.vma of one address space, on every hart of a mask (SBI 8). */
function remoteFence(id: u32, call: u64): i64 {
  if (call > 2) {
    return NOT_SUPPORTED;
  }
  const harts = maskedHarts(argument(id, 0), argument(id, 1));
  if (harts === ALL_HARTS) {
    return INVALID_PARAM;
  }
  fenceCalled(id, <u32>call, harts);
  return OK;
}

/** Hart state management (SBI 9): start, stop, status, suspend. */
function hartManagement(id: u32, call: u64): i64 {
  if (call === 0) {
    return start(argument(id, 0), argument(id, 1), argument(id, 2));
  }
  if (call === 1) {
    stopCalled(id);
    return OK;
  }
  if (call === 2) {
    const target = argument(id, 0);
    if (target >= <u64>hartCount()) {
      return INVALID_PARAM;
    }
    return give(statusOf(<u32>target));
  }
  if (call === 3) {
    return suspend(id, argument(id, 0));
  }
  return NOT_SUPPORTED;
}

function start(target: u64, entry: u64, opaque: u64): i64 {
  if (target >= <u64>hartCount()) {
    return INVALID_PARAM;
  }
  const state = hartState(<u32>target);
  // OpenSBI answers this while a start or a stop is under way.
  if (state === HartState.Starting || state === HartState.Stopping) {
    return INVALID_PARAM;
  }
  if (state !== HartState.Stopped) {
    return ALREADY_AVAILABLE;
  }
  if ((entry & 1) !== 0 || !isRam(entry, 2)) {
    return INVALID_ADDRESS;
  }
  startCalled(<u32>target, entry, opaque);
  return OK;
}

/** Retentive suspend: the hart waits as in a WFI, but chaos does not wake it early. */
function suspend(id: u32, kind: u64): i64 {
  if (kind !== 0) {
    return NOT_SUPPORTED;
  }
  hartAt(id).state = HartState.Waiting;
  return OK;
}

function systemReset(id: u32): i64 {
  const kind = argument(id, 0);
  const reason = argument(id, 1);
  if (kind > 2 || reason > 1) {
    return INVALID_PARAM;
  }
  turnOff(kind === 0 ? Power.Off : Power.Reset, <u32>reason);
  return OK;
}

/** The debug console (SBI 12): write, read (which never has anything), write a byte. */
function debugConsole(id: u32, call: u64): i64 {
  if (call === 1) {
    return give(0);
  }
  if (call === 2) {
    consoleByte(<u32>argument(id, 0) & 0xff);
    return OK;
  }
  if (call !== 0) {
    return NOT_SUPPORTED;
  }
  const address = argument(id, 1);
  if (argument(id, 2) !== 0 || !isRam(address, argument(id, 0))) {
    return INVALID_PARAM;
  }
  const byteCount = min<u64>(argument(id, 0), WRITE_BYTES_MAX);
  for (let index: u64 = 0; index < byteCount; index++) {
    consoleByte(<u32>physicalLoad(address + index, 1));
  }
  return give(byteCount);
}
