/**
 * The calls of the built-in firmware that concern other harts: it starts and stops them (SBI 9), and makes them execute a
 * fence (SBI 8).
 *
 * Usually that happens at once. With the chaos kind SlowFirmware it takes time, as in OpenSBI, which runs on each hart:
 *
 *   hart_start   the hart is let go before its entry and its opaque word are stored (OpenSBI before 1.3). So it may begin
 *                with one or both of those of its last start; before the first, these are the kernel's entry and the tree
 *   hart_stop    the hart counts as started until its firmware changes its state, and takes no request meanwhile
 *   remote fence the caller waits until each hart of the mask that counted as started has answered; a hart that was about
 *                to stop never answers
 */
import { Chaos, chance, isChaos } from "../chaos/chaos";
import { flushCode } from "../code/pages";
import { Hart, HartState, hartAt, readRegister, resetHart, startHart, writeRegister } from "../hart/hart";
import { HARTS_MAX, hartCount } from "../layout";
import { pmpAsFirmware } from "../memory/pmp";
import { flushTlb } from "../memory/tlb";

/** Interrupts that are delegated to the supervisor: software, timer, external (privileged ISA 3.1.8). */
const DELEGATED_INTERRUPTS: u64 = 0x222;
/** Exceptions that are delegated to the supervisor: all but its own ecall, which the firmware answers. */
const DELEGATED_EXCEPTIONS: u64 = 0xb1ff;
const COUNTERS: u64 = 7;
/** menvcfg.STCE: the supervisor may write stimecmp. */
const STIMECMP_ENABLE: u64 = 1 << 63;

const A0: u32 = 10;
const A1: u32 = 11;

/** Hart states in SBI's numbers (SBI 9, table "HSM Hart States"). */
const STARTED: u64 = 0;
const STOPPED: u64 = 1;
const START_PENDING: u64 = 2;
const STOP_PENDING: u64 = 3;

/**
 * What the firmware knows of a hart.
 *
 *     0       8        16          24           32           36
 *     | entry | opaque | lastEntry | lastOpaque | unanswered | lost |
 */
@unmanaged
@final
class Scratch {
  /** The entry and the opaque word of the last hart_start. */
  entry: u64;
  opaque: u64;
  /** Those of the start before that. */
  lastEntry: u64;
  lastOpaque: u64;
  /** Bit per hart that has not answered this hart's remote fence yet, and per hart among them that never will. */
  unanswered: u32;
  lost: u32;
}

const SCRATCHES: usize = memory.data(320, 8);
if (HARTS_MAX * offsetof<Scratch>() !== 320) {
  ERROR("each hart has a scratch");
}

/** Bit per hart that is in the middle of a call. */
const BUSY: usize = memory.data(4, 4);
/** Whether harts get Sstc. */
const SSTC_OFFERED: usize = memory.data(4, 4);

function scratchOf(id: u32): Scratch {
  return changetype<Scratch>(SCRATCHES + <usize>(id * offsetof<Scratch>()));
}

/** Power-on: every hart is stopped. As their last start, all have the boot hart's entry and the device tree. */
export function stopAll(entry: u64, tree: u64, sstc: bool): void {
  store<u32>(SSTC_OFFERED, sstc ? 1 : 0);
  store<u32>(BUSY, 0);
  memory.fill(SCRATCHES, 0, <usize>(HARTS_MAX * offsetof<Scratch>()));
  for (let id: u32 = 0; id < hartCount(); id++) {
    resetHart(id);
    scratchOf(id).entry = entry;
    scratchOf(id).opaque = tree;
  }
}

/** Starts a hart in S-mode at `entry` with its number in a0 and `opaque` in a1. */
export function startSupervisor(id: u32, entry: u64, opaque: u64): void {
  startHart(id, entry, opaque);
  const hart = hartAt(id);
  pmpAsFirmware(hart);
  hart.mideleg = DELEGATED_INTERRUPTS;
  hart.medeleg = DELEGATED_EXCEPTIONS;
  hart.mcounteren = COUNTERS;
  hart.scounteren = COUNTERS;
  hart.menvcfg = load<u32>(SSTC_OFFERED) !== 0 ? STIMECMP_ENABLE : 0;
  flushTlb(id, 0, 0, -1);
  flushCode(id);
}

/** The state of a hart, as hart_get_status returns it. */
export function statusOf(id: u32): u64 {
  switch (hartAt(id).state) {
    case HartState.Stopped:
      return STOPPED;
    case HartState.Starting:
      return START_PENDING;
    case HartState.Stopping:
      return STOP_PENDING;
    default:
      return STARTED;
  }
}

/** Whether requests reach a hart, because it counts as started. */
export function isReachable(id: u32): bool {
  return statusOf(id) === STARTED;
}

/** hart_start was called for a hart that is stopped. */
export function startCalled(id: u32, entry: u64, opaque: u64): void {
  const scratch = scratchOf(id);
  scratch.lastEntry = scratch.entry;
  scratch.lastOpaque = scratch.opaque;
  scratch.entry = entry;
  scratch.opaque = opaque;
  if (isChaos(Chaos.SlowFirmware)) {
    become(id, HartState.Starting);
  } else {
    startSupervisor(id, entry, opaque);
  }
}

/** A hart has called hart_stop. */
export function stopCalled(id: u32): void {
  if (isChaos(Chaos.SlowFirmware)) {
    become(id, HartState.Leaving);
  } else {
    hartAt(id).state = HartState.Stopped;
  }
}

/** A hart has called remote fence function `call` for a mask of harts. The arguments stay in its registers until the end. */
export function fenceCalled(id: u32, call: u32, harts: u64): void {
  let waitFor: u32 = 0;
  for (let target: u32 = 0; target < hartCount(); target++) {
    if (((harts >> target) & 1) === 0) {
      continue;
    }
    if (target === id || !isChaos(Chaos.SlowFirmware)) {
      fence(target, id, call);
    } else if (isReachable(target)) {
      waitFor |= 1 << target;
    }
  }
  if (waitFor === 0) {
    return;
  }
  scratchOf(id).unanswered = waitFor;
  become(id, HartState.Fencing);
}

/** Hart `target` executes the fence that the registers of `caller` ask for: fence.i, or sfence.vma of one or all spaces. */
function fence(target: u32, caller: u32, call: u32): void {
  if (call === 0) {
    return flushCode(target);
  }
  const space: i32 = call === 2 ? <i32>(readRegister(caller, A0 + 4) & 0xffff) : -1;
  flushTlb(target, readRegister(caller, A0 + 2), readRegister(caller, A0 + 3), space);
}

function become(id: u32, state: HartState): void {
  hartAt(id).state = state;
  store<u32>(BUSY, load<u32>(BUSY) | (1 << id));
}

function isDone(id: u32): void {
  store<u32>(BUSY, load<u32>(BUSY) & ~(1 << id));
}

/** Whether some hart is in the middle of a call. */
export function areCallsOpen(): bool {
  return load<u32>(BUSY) !== 0;
}

/** Between two turns: some of the open calls advance by a step. False if none of them ever will. */
export function advanceCalls(): bool {
  let mayAdvance = false;
  for (let id: u32 = 0; id < hartCount(); id++) {
    if ((load<u32>(BUSY) & (1 << id)) === 0) {
      continue;
    }
    const hart = hartAt(id);
    if (hart.state === HartState.Fencing) {
      if (advanceFence(id)) {
        mayAdvance = true;
      }
      continue;
    }
    mayAdvance = true;
    if (chance(1)) {
      advance(id, hart);
    }
  }
  return mayAdvance;
}

function advance(id: u32, hart: Hart): void {
  if (hart.state === HartState.Leaving) {
    hart.state = HartState.Stopping;
    loseRequestsTo(id);
  } else {
    isDone(id);
    if (hart.state === HartState.Stopping) {
      hart.state = HartState.Stopped;
      return;
    }
    const scratch = scratchOf(id);
    const entry = chance(1) ? scratch.lastEntry : scratch.entry;
    startSupervisor(id, entry, chance(1) ? scratch.lastOpaque : scratch.opaque);
  }
}

/** Hart `id` is past the point at which it answers requests, so those that are open are never answered. */
function loseRequestsTo(id: u32): void {
  for (let caller: u32 = 0; caller < hartCount(); caller++) {
    const scratch = scratchOf(caller);
    scratch.lost |= scratch.unanswered & (1 << id);
  }
}

/** Some of the harts that hart `id` waits for answer now. False if the others never will. */
function advanceFence(id: u32): bool {
  const scratch = scratchOf(id);
  const call = <u32>readRegister(id, A0 + 6);
  for (let target: u32 = 0; target < hartCount(); target++) {
    const bit: u32 = 1 << target;
    if ((scratch.unanswered & ~scratch.lost & bit) === 0 || hartAt(target).state === HartState.Leaving) {
      continue;
    }
    if (!chance(1)) {
      continue;
    }
    fence(target, id, call);
    scratch.unanswered &= ~bit;
  }
  if (scratch.unanswered !== 0) {
    return (scratch.unanswered & ~scratch.lost) !== 0;
  }
  isDone(id);
  hartAt(id).state = HartState.Running;
  writeRegister(id, A0, 0);
  writeRegister(id, A1, 0);
  return true;
}

/** Bit per hart that will never answer the remote fence for which hart `id` waits. */
export function lostAnswers(id: u32): u32 {
  return scratchOf(id).lost;
}
