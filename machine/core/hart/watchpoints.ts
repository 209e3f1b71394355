/**
 * Watchpoints: places in RAM at which a read or a write stops the machine, behind the instruction that made it.
 *
 * They are physical, so they hold for every hart, every address space and every device. While there is one, the machine
 * observes: nothing is translated to Wasm, and loads and stores are executed out of line, by the same tables as inline
 * (execute/observed.ts). So a run is the same with watchpoints and without. A store that chaos buffers is a write when it
 * reaches memory.
 */
import { redecode } from "../code/pages";
import { clearStop, requestStop } from "./breakpoints";

export const WATCHPOINTS_MAX: u32 = 16;

/** Which accesses stop the machine, as bits. */
export const enum Watch {
  Write = 1,
  Read = 2,
}

/**
 *     0         8       12
 *     | address | bytes | kinds |
 */
const COUNT: usize = memory.data(4, 4);
const TABLE: usize = memory.data(16 * WATCHPOINTS_MAX, 8);

/** Which watchpoint stopped the machine, plus one (u32, 0 if none did), and at 4 who made the access (u32). */
const HIT: usize = memory.data(8, 4);

/** Not zero while the stop is put off: the access came before an instruction, and the machine stops behind that. */
const PUT_OFF: usize = memory.data(4, 4);

function watchpointAt(index: u32): usize {
  return TABLE + <usize>(index << 4);
}

/** Adds a watchpoint for [address, address + bytes), which is RAM. False if there are WATCHPOINTS_MAX already. */
export function addWatchpoint(address: u64, bytes: u32, kinds: u32): bool {
  const count = load<u32>(COUNT);
  if (count === WATCHPOINTS_MAX) {
    return false;
  }
  const at = watchpointAt(count);
  store<u64>(at, address);
  store<u32>(at, bytes, 8);
  store<u32>(at, kinds, 12);
  store<u32>(COUNT, count + 1);
  // Code that is translated does not observe.
  redecode();
  return true;
}

/** Removes every watchpoint. */
export function clearWatchpoints(): void {
  store<u32>(COUNT, 0);
  store<u32>(HIT, 0);
  store<u32>(PUT_OFF, 0);
  redecode();
}

/** Whether there is a watchpoint. */
export function isObserving(): bool {
  return load<u32>(COUNT) !== 0;
}

/** Which watchpoint stopped the machine since clearHit(), in the order in which they were added. All ones: none did. */
export function watchpointHit(): u32 {
  return isPutOff() ? ~0 : load<u32>(HIT) - 1;
}

/** Who made that access: a hart, or DEVICE (memory/ram.ts). */
export function accessedBy(): u32 {
  return load<u32>(HIT, 4);
}

export function clearHit(): void {
  if (!isPutOff()) {
    store<u32>(HIT, 0);
  }
}

/**
 * What was accessed just now comes before the next instruction, at the same clock. A run up to this clock ends before such an
 * access, so the machine stops only behind that instruction.
 */
export function putOffStop(): void {
  if (load<u32>(HIT) !== 0 && !isPutOff()) {
    store<u32>(PUT_OFF, 1);
    clearStop();
  }
}

/** Whether a stop waits for the end of the next instruction. */
export function isPutOff(): bool {
  return load<u32>(PUT_OFF) !== 0;
}

/** The instruction has been executed. */
export function stopAtLast(): void {
  store<u32>(PUT_OFF, 0);
  requestStop();
}

/** There is an access of this kind to [address, address + bytes) of RAM: stops the machine if a watchpoint is there. */
export function noteObserved(address: u64, bytes: u64, kind: Watch, by: u32): void {
  // The first access of an instruction is told.
  if (load<u32>(HIT) !== 0) {
    return;
  }
  for (let index: u32 = 0; index < load<u32>(COUNT); index++) {
    const at = watchpointAt(index);
    const first = load<u64>(at);
    const isThere = address < first + <u64>load<u32>(at, 8) && first < address + bytes;
    if (isThere && (load<u32>(at, 12) & kind) !== 0) {
      store<u32>(HIT, index + 1);
      store<u32>(HIT, by, 4);
      requestStop();
      return;
    }
  }
}

@final
export class Observed {
  /** As `noteObserved`, for a read. Most machines observe nothing, so this is looked at without a call. */
  @inline
  static read(address: u64, bytes: u64, by: u32): void {
    if (isObserving()) {
      noteObserved(address, bytes, Watch.Read, by);
    }
  }

  /** The same for a write. */
  @inline
  static write(address: u64, bytes: u64, by: u32): void {
    if (isObserving()) {
      noteObserved(address, bytes, Watch.Write, by);
    }
  }
}
