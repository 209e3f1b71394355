/**
 * How the disk misbehaves: a list of faults, each with the events at which it strikes. The host fills it before the first
 * instruction (machine/host/faults.ts reads the words of a plan). The disk looks into it at each event.
 *
 *   row, 24 bytes   0 kind   4 reserved   8 first   16 last      strikes at the events first..last, counted from 1
 *
 * The kind decides what an event is: a completed request for faults of answers, a read of the configuration for faults of
 * the configuration, a reset for ResetStuck. The counts are part of the machine's state, so a replay has the same faults.
 */

/** What can go wrong. A plan uses these names, in small letters with hyphens (machine/host/faults.ts). */
export const enum Fault {
  /** The used index jumps ahead by more than was in flight. */
  UsedIndex = 0,
  /** The used entry names a descriptor that was never handed over. */
  UsedId = 1,
  /** A request is answered twice. */
  UsedTwice = 2,
  /** The used length is larger than the request. */
  LengthLarge = 3,
  /** The used length is zero. */
  LengthZero = 4,
  /** The data is there and the answer too, but no status was written. */
  StatusUnwritten = 5,
  /** A status that does not exist. */
  StatusUnknown = 6,
  /** The disk says that it failed, and wrote some data. */
  IoError = 7,
  /** A bit of the data is wrong, with status OK. */
  Data = 8,
  /** The answer comes after six seconds, when a driver has given up on it. */
  Late = 9,
  /** There is no answer. */
  Never = 10,
  /** The answer is there, its interrupt is not. */
  NoInterrupt = 11,
  /** The interrupt comes again and again, acknowledged or not. */
  Storm = 12,
  /** The configuration changes while it is read. */
  ConfigChanging = 13,
  /** The capacity is larger than the disk. */
  CapacityLarge = 14,
  /** The capacity is zero. */
  CapacityZero = 15,
  /** The device ignores the reset: its status stays, and it goes on with its requests. */
  ResetStuck = 16,
  /** The device asks for a reset instead of answering. */
  NeedsReset = 17,
}

/** The most faults in one plan. */
export const FAULTS_MAX: u32 = 64;
const ROW_BYTES: u32 = 24;
const KINDS: u32 = 18;

const count: usize = memory.data(8, 8);
const rows: usize = memory.data(1536, 8);
/** How often each kind struck. */
const strikes: usize = memory.data(144, 8);

if (FAULTS_MAX * ROW_BYTES !== 1536 || KINDS * 8 !== 144) {
  ERROR("the tables do not have the size they need");
}

/** No faults. */
export function clearFaults(): void {
  store<u32>(count, 0);
  memory.fill(strikes, 0, KINDS * 8);
}

/** Adds a fault of `kind` at the events `first` to `last`. False if the plan is full or the kind unknown. */
export function addFault(kind: u32, first: u64, last: u64): bool {
  const row = load<u32>(count);
  if (row === FAULTS_MAX || kind >= KINDS) {
    return false;
  }
  const at = rows + row * ROW_BYTES;
  store<u32>(at, kind);
  store<u64>(at, first, 8);
  store<u64>(at, last, 16);
  store<u32>(count, row + 1);
  return true;
}

/** Whether a fault of `kind` strikes at event `event`. If it does, that is counted. */
export function strikesAt(kind: Fault, event: u64): bool {
  for (let row: u32 = 0; row < load<u32>(count); row++) {
    const at = rows + row * ROW_BYTES;
    if (load<u32>(at) !== kind || event < load<u64>(at, 8) || event > load<u64>(at, 16)) {
      continue;
    }
    const struck = strikes + ((<usize>kind) << 3);
    store<u64>(struck, load<u64>(struck) + 1);
    return true;
  }
  return false;
}

/** How often a fault of `kind` struck so far. */
export function strikeCount(kind: u32): u64 {
  return kind < KINDS ? load<u64>(strikes + ((<usize>kind) << 3)) : 0;
}
