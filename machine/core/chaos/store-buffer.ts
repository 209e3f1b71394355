/**
 * A store buffer for each hart: stores to shared pages wait here until they are seen by others (chaos.ts).
 *
 *     0         8       16     20    24
 *     | address | value | size | amo |     a hart has 16, oldest first
 *
 * A hart sees its own stores at once, by forwarding. Others see them when they drain: at fences, ordered atomics and
 * device accesses, when the buffer is full, and at random when turns change. First in, first out is TSO. With
 * WeakStores any entry may go first that no older one overlaps, as RVWMO permits; then only what orders stores by the
 * specification drains the buffer.
 *
 * With WeakStores an AMO whose result is not used waits here, too, and reads and writes memory when it drains. Its aq
 * bit orders what follows in RAM, so the next access to RAM drains it; a store to a device passes it (unprivileged
 * ISA, "A": aq and rl do not order accesses to memory with accesses to devices).
 */
import { combine, extend } from "../execute/amo";
import { random } from "../interleave";
import { hartCount } from "../layout";
import { note } from "../memory/outcome";
import { loadLinear, physicalWritten, ramAddress, storeLinear } from "../memory/ram";
import { Chaos, chance, isChaos } from "./chaos";

/** The acquire bit of an AMO. */
const ACQUIRE: u32 = 1 << 26;

const ENTRIES: u32 = 16;
const ENTRY_BYTES: u32 = 24;
const BUFFER_BYTES: u32 = 8 + ENTRIES * ENTRY_BYTES;
const BUFFERS: usize = memory.data(3136, 8);
if (8 * BUFFER_BYTES > 3136) {
  ERROR("there is a buffer for each hart");
}

@unmanaged
@final
class Pending {
  address: u64;
  value: u64;
  size: u32;
  /** The instruction, if it is an AMO; `value` is its operand then. */
  amo: u32;
}

function countAt(id: u32): usize {
  return BUFFERS + <usize>(id * BUFFER_BYTES);
}

function pendingAt(id: u32, index: u32): Pending {
  return changetype<Pending>(countAt(id) + 8 + <usize>(index * ENTRY_BYTES));
}

/** Whether stores are buffered at all. */
export function isBuffering(): bool {
  return isChaos(Chaos.StoreBuffer | Chaos.WeakStores);
}

/** Empties every buffer without storing: for a machine that starts. */
export function resetBuffers(): void {
  memory.fill(BUFFERS, 0, 8 * BUFFER_BYTES);
}

function overlaps(pending: Pending, address: u64, size: u32): bool {
  return address < pending.address + <u64>pending.size && pending.address < address + <u64>size;
}

/** Lets others see the entry `index` of a hart, which is at least one. */
function drainAt(id: u32, index: u32): void {
  const pending = pendingAt(id, index);
  const at = ramAddress(pending.address);
  const size = pending.size;
  let value = pending.value;
  if (pending.amo !== 0) {
    value = combine(pending.amo >> 27, extend(loadLinear(at, size), size), extend(value, size));
  }
  // It may be the code that is being executed.
  if (physicalWritten(pending.address, size, id)) {
    note();
  }
  storeLinear(at, size, value);
  const count = load<u32>(countAt(id)) - 1;
  store<u32>(countAt(id), count);
  const entry = changetype<usize>(pending);
  memory.copy(entry, entry + <usize>ENTRY_BYTES, <usize>((count - index) * ENTRY_BYTES));
}

/** The entry that goes next: the oldest, or with WeakStores any that no older one overlaps. */
function next(id: u32): u32 {
  if (!isChaos(Chaos.WeakStores)) {
    return 0;
  }
  const index = <u32>(random() % <u64>load<u32>(countAt(id)));
  const chosen = pendingAt(id, index);
  for (let older: u32 = 0; older < index; older++) {
    if (overlaps(pendingAt(id, older), chosen.address, chosen.size)) {
      return 0;
    }
  }
  return index;
}

/** Lets others see all of a hart's stores. */
export function drain(id: u32): void {
  while (load<u32>(countAt(id)) !== 0) {
    drainAt(id, 0);
  }
}

/** Between two turns: some of the stores of each hart are seen. */
export function drainSome(): void {
  for (let id: u32 = 0; id < hartCount(); id++) {
    while (load<u32>(countAt(id)) !== 0 && chance(1)) {
      drainAt(id, next(id));
    }
  }
}

/** Everything is seen: before the machine sleeps. */
export function drainEverything(): void {
  for (let id: u32 = 0; id < hartCount(); id++) {
    drain(id);
  }
}

/** Buffers a store of a hart to RAM, within a page, or with `amo` that AMO. */
export function buffer(id: u32, address: u64, size: u32, value: u64, amo: u32 = 0): void {
  if (load<u32>(countAt(id)) === ENTRIES) {
    drainAt(id, next(id));
  }
  const count = load<u32>(countAt(id));
  const pending = pendingAt(id, count);
  pending.address = address;
  pending.size = size;
  pending.value = value;
  pending.amo = amo;
  store<u32>(countAt(id), count + 1);
}

/** A hart is about to access RAM: nothing may pass an acquire. */
export function drainAcquire(id: u32): void {
  const count = load<u32>(countAt(id));
  // It can only be the last.
  if (count !== 0 && (pendingAt(id, count - 1).amo & ACQUIRE) !== 0) {
    drain(id);
  }
}

/** Whether an AMO is buffered. */
export function holdsAmo(id: u32): bool {
  for (let index: u32 = 0; index < load<u32>(countAt(id)); index++) {
    if (pendingAt(id, index).amo !== 0) {
      return true;
    }
  }
  return false;
}

/** Whether a store of the hart to [address, address + size) is still buffered. */
export function holds(id: u32, address: u64, size: u32): bool {
  for (let index: u32 = 0; index < load<u32>(countAt(id)); index++) {
    if (overlaps(pendingAt(id, index), address, size)) {
      return true;
    }
  }
  return false;
}

/**
 * What the hart reads at an address of RAM, of its own buffered stores and memory. What one entry cannot answer drains.
 */
export function forward(id: u32, address: u64, size: u32): u64 {
  for (let index = <i32>load<u32>(countAt(id)) - 1; index >= 0; index--) {
    const pending = pendingAt(id, <u32>index);
    if (!overlaps(pending, address, size)) {
      continue;
    }
    if (
      pending.amo === 0 &&
      pending.address <= address &&
      address + <u64>size <= pending.address + <u64>pending.size
    ) {
      const mask: u64 = size === 8 ? ~0 : ((<u64>1) << ((<u64>size) << 3)) - 1;
      return (pending.value >> ((address - pending.address) << 3)) & mask;
    }
    drain(id);
    break;
  }
  return loadLinear(ramAddress(address), size);
}
