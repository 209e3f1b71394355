/**
 * A store buffer for each hart: stores to shared pages wait here until other harts can see them (chaos.ts).
 *
 *     0       4          8       16                                  400             656
 *     | count | acquires | order | 16 x | address | value | size | amo | 256 x granule |
 *
 * A store stays in the place where it was put. The lowest four bits of `order` say where the oldest store is, the next four
 * where the one after it is, and so on; the free places come after the stores. A granule is eight bytes of RAM. `granules`
 * counts for each number of a granule (modulo 256) how many stores touch it, so most accesses need no search to know that
 * the buffer has nothing for them. `acquires` counts AMOs with aq.
 *
 * A hart sees its own stores at once, by forwarding. Others see them when they drain: at fences, ordered atomics and
 * device accesses, at random when turns change, and when the buffer is full. The oldest goes first, which is TSO. With
 * WeakStores any entry may go first that no older one overlaps, as RVWMO permits. Then the buffer drains only where the
 * specification orders stores, and about half of a full one goes.
 *
 * With WeakStores an AMO whose result is not used waits here too. It reads and writes memory when it drains. Its aq bit
 * orders it before later accesses to RAM, so the next access to RAM drains it. A store to a device overtakes it
 * (unprivileged ISA, "A": aq and rl do not order accesses to memory with accesses to devices).
 */
import { combine, extend } from "../execute/amo";
import { random } from "../interleave";
import { HARTS_MAX, hartCount } from "../layout";
import { note } from "../memory/outcome";
import { loadLinear, Page, ramAddress, storeLinear } from "../memory/ram";
import { Chaos, chance, isChaos } from "./chaos";

/** The acquire bit of an AMO. */
const ACQUIRE: u32 = 1 << 26;

const ENTRIES: u32 = 16;
const ENTRY_BYTES: u32 = 24;
const ACQUIRES: usize = 4;
const ORDER: usize = 8;
const FIRST_ENTRY: usize = 16;
const GRANULES: usize = FIRST_ENTRY + <usize>(ENTRIES * ENTRY_BYTES);
const GRANULES_COUNT: u32 = 256;
const BUFFER_BYTES: u32 = <u32>GRANULES + GRANULES_COUNT;
const BUFFERS: usize = memory.data(5248, 8);
if (HARTS_MAX * BUFFER_BYTES > 5248) {
  ERROR("there is a buffer for each hart");
}

/** The order of an empty buffer: all places, by their numbers. */
const ORDER_START: u64 = 0xfedc_ba98_7654_3210;

@unmanaged
@final
class Pending {
  address: u64;
  value: u64;
  size: u32;
  /** The instruction, if it is an AMO; `value` is its operand then. */
  amo: u32;
}

/** A hart's buffer, by its address. Accesses to shared pages look into it all the time, so it is looked into without calls. */
@final
class Buffer {
  @inline
  static of(id: u32): usize {
    return BUFFERS + <usize>(id * BUFFER_BYTES);
  }

  @inline
  static count(at: usize): u32 {
    return load<u32>(at);
  }

  /** The store number `index` by age: 0 is the oldest. With the count of stores as the index, a free place. */
  @inline
  static pending(at: usize, index: u32): Pending {
    return Buffer.first(at, load<u64>(at, ORDER) >> <u64>(index << 2));
  }

  /** The store that is the first of this order. */
  @inline
  static first(at: usize, order: u64): Pending {
    return changetype<Pending>(at + FIRST_ENTRY + <usize>((<u32>order & 15) * ENTRY_BYTES));
  }

  /** The counter of the granule around an address. It lies within a page, so a virtual address leads to it as well. */
  @inline
  static granule(at: usize, address: u64): usize {
    return at + GRANULES + <usize>(<u32>(address >> 3) & (GRANULES_COUNT - 1));
  }

  /** Counts a store that is buffered (1) or drains (-1), and if it is an AMO with aq, that too. */
  @inline
  static tally(at: usize, pending: Pending, by: i32): void {
    const first = Buffer.granule(at, pending.address);
    store<u8>(first, <u8>(<i32>load<u8>(first) + by));
    const last = Buffer.granule(at, pending.address + <u64>(pending.size - 1));
    if (last !== first) {
      store<u8>(last, <u8>(<i32>load<u8>(last) + by));
    }
    if ((pending.amo & ACQUIRE) !== 0) {
      store<u32>(at, load<u32>(at, ACQUIRES) + by, ACQUIRES);
    }
  }

  /** False only if at most `known` stores touch what is around [address, address + size). */
  @inline
  static mayTouch(at: usize, address: u64, size: u32, known: u32): bool {
    return (
      <u32>load<u8>(Buffer.granule(at, address)) > known ||
      <u32>load<u8>(Buffer.granule(at, address + <u64>(size - 1))) > known
    );
  }

  @inline
  static overlaps(pending: Pending, address: u64, size: u32): bool {
    return address < pending.address + <u64>pending.size && pending.address < address + <u64>size;
  }
}

function countOf(id: u32): u32 {
  return Buffer.count(Buffer.of(id));
}

/** Whether stores are buffered at all. */
export function isBuffering(): bool {
  return isChaos(Chaos.StoreBuffer | Chaos.WeakStores);
}

/** Empties every buffer without storing anything, for a machine that starts. */
export function resetBuffers(): void {
  memory.fill(BUFFERS, 0, HARTS_MAX * BUFFER_BYTES);
  for (let id: u32 = 0; id < HARTS_MAX; id++) {
    store<u64>(Buffer.of(id), ORDER_START, ORDER);
  }
}

/** Lets others see the entry `index` of a hart. The entry must exist. */
function drainAt(id: u32, index: u32): void {
  const buffer = Buffer.of(id);
  write(id, buffer, Buffer.pending(buffer, index));
  removeAt(buffer, index);
}

/** Writes a store of a hart to memory, and counts it no more. */
function write(id: u32, buffer: usize, pending: Pending): void {
  const at = ramAddress(pending.address);
  const size = pending.size;
  let value = pending.value;
  if (pending.amo !== 0) {
    value = combine(pending.amo >> 27, extend(loadLinear(at, size), size), extend(value, size));
  }
  // It may be the code that is being executed.
  if (Page.written(pending.address, size, id)) {
    note();
  }
  storeLinear(at, size, value);
  Buffer.tally(buffer, pending, -1);
}

/** Takes a store out of the order; its place becomes the first of the free ones. */
function removeAt(buffer: usize, index: u32): void {
  const count = load<u32>(buffer) - 1;
  const order = load<u64>(buffer, ORDER);
  const shift = <u64>(index << 2);
  const older = ((<u64>1) << shift) - 1;
  const last = <u64>(count << 2);
  // The stores after this one move down by one, and the place goes behind them. The free places stay.
  const moved = (((<u64>1) << last) - 1) & ~older;
  const place = (order >> shift) & 15;
  const free = count === ENTRIES - 1 ? 0 : ~(<u64>0) << (last + 4);
  store<u64>(buffer, (order & (older | free)) | ((order >> 4) & moved) | (place << last), ORDER);
  store<u32>(buffer, count);
}

/** The entry that drains next: the oldest one, or with WeakStores any that no older one overlaps. */
function next(id: u32): u32 {
  if (!isChaos(Chaos.WeakStores)) {
    return 0;
  }
  const drawn = random();
  const at = Buffer.of(id);
  const count = Buffer.count(at);
  const index = <u32>(drawn % <u64>count);
  const chosen = Buffer.pending(at, index);
  const address = chosen.address;
  const size = chosen.size;
  if (!Buffer.mayTouch(at, address, size, 1)) {
    return index;
  }
  let order = load<u64>(at, ORDER);
  for (let older: u32 = 0; older < index; older++) {
    if (Buffer.overlaps(Buffer.first(at, order), address, size)) {
      return 0;
    }
    order >>= 4;
  }
  return index;
}

/** Whether a store overlaps one that is older and stays. `leaving` has a bit for each store that leaves, by age. */
function overlapsOlder(at: usize, order: u64, index: u32, leaving: u32): bool {
  const pending = Buffer.first(at, order >> <u64>(index << 2));
  for (let older: u32 = 0; older < index; older++) {
    if (
      ((leaving >> older) & 1) === 0 &&
      Buffer.overlaps(Buffer.first(at, order), pending.address, pending.size)
    ) {
      return true;
    }
    order >>= 4;
  }
  return false;
}

/**
 * The buffer is full: lets others see the oldest store, or with WeakStores about every second one. No other hart looks in
 * between, so these can go by age. One stays if it overlaps an older one that stays.
 */
function makeRoom(id: u32): void {
  if (!isChaos(Chaos.WeakStores)) {
    drainAt(id, 0);
    return;
  }
  const at = Buffer.of(id);
  const order = load<u64>(at, ORDER);
  let leaving = <u32>random() & ((1 << ENTRIES) - 1);
  for (let rest = leaving; rest !== 0; rest &= rest - 1) {
    const index = ctz(rest);
    const pending = Buffer.first(at, order >> <u64>(index << 2));
    if (Buffer.mayTouch(at, pending.address, pending.size, 1) && overlapsOlder(at, order, index, leaving)) {
      leaving &= ~(1 << index);
    } else {
      write(id, at, pending);
    }
  }
  if (leaving === 0) {
    drainAt(id, 0);
    return;
  }
  removeSome(at, order, leaving);
}

/** Takes stores out of the order of a full buffer. `leaving` has a bit for each of them, by age. */
function removeSome(at: usize, order: u64, leaving: u32): void {
  let kept: u64 = 0;
  let free: u64 = 0;
  let keptShift: u64 = 0;
  let freeShift: u64 = 0;
  // Without a branch, because a processor could not foresee it.
  for (let rest = leaving | (1 << ENTRIES); rest !== 1; rest >>= 1) {
    const place = order & 15;
    const leaves = <u64>(rest & 1);
    free |= (place & (0 - leaves)) << freeShift;
    kept |= (place & (leaves - 1)) << keptShift;
    freeShift += leaves << 2;
    keptShift += (1 - leaves) << 2;
    order >>= 4;
  }
  store<u64>(at, kept | (free << keptShift), ORDER);
  store<u32>(at, <u32>(keptShift >> 2));
}

/** Lets others see all of a hart's stores. */
export function drain(id: u32): void {
  while (countOf(id) !== 0) {
    drainAt(id, 0);
  }
}

/** Between two turns: some stores of each hart drain. */
export function drainSome(): void {
  for (let id: u32 = 0; id < hartCount(); id++) {
    while (countOf(id) !== 0 && chance(1)) {
      drainAt(id, next(id));
    }
  }
}

/** Drains every buffer, before the machine sleeps. */
export function drainEverything(): void {
  for (let id: u32 = 0; id < hartCount(); id++) {
    drain(id);
  }
}

/** Buffers a store of a hart to RAM, within a page. With `amo`, buffers that AMO. */
export function buffer(id: u32, address: u64, size: u32, value: u64, amo: u32 = 0): void {
  const at = Buffer.of(id);
  if (Buffer.count(at) === ENTRIES) {
    makeRoom(id);
  }
  const count = Buffer.count(at);
  const pending = Buffer.pending(at, count);
  pending.address = address;
  pending.size = size;
  pending.value = value;
  pending.amo = amo;
  Buffer.tally(at, pending, 1);
  store<u32>(at, count + 1);
}

/** A hart is about to access RAM: an AMO with aq must take effect before that. */
export function drainAcquire(id: u32): void {
  if (load<u32>(Buffer.of(id), ACQUIRES) !== 0) {
    drain(id);
  }
}

/** Whether an AMO is buffered. */
export function holdsAmo(id: u32): bool {
  const at = Buffer.of(id);
  for (let index: u32 = 0; index < Buffer.count(at); index++) {
    if (Buffer.pending(at, index).amo !== 0) {
      return true;
    }
  }
  return false;
}

/** Whether a store of the hart to [address, address + size) is still buffered. */
export function holds(id: u32, address: u64, size: u32): bool {
  const at = Buffer.of(id);
  if (!Buffer.mayTouch(at, address, size, 0)) {
    return false;
  }
  for (let index: u32 = 0; index < Buffer.count(at); index++) {
    if (Buffer.overlaps(Buffer.pending(at, index), address, size)) {
      return true;
    }
  }
  return false;
}

/** The questions that every access to a shared page asks. */
@final
export class Pass {
  /** Whether one more store fits, and nothing has to drain before. */
  @inline
  static store(id: u32): bool {
    const at = Buffer.of(id);
    return Buffer.count(at) < ENTRIES && load<u32>(at, ACQUIRES) === 0;
  }

  /** Whether a load from RAM gets its value from memory, and nothing has to drain before. */
  @inline
  static load(id: u32, address: u64, size: u32): bool {
    const at = Buffer.of(id);
    return !Buffer.mayTouch(at, address, size, 0) && load<u32>(at, ACQUIRES) === 0;
  }
}

/**
 * What the hart reads at an address of RAM, from its own buffered stores and from memory. If one buffered store alone does
 * not have the answer, the buffer drains.
 */
export function forward(id: u32, address: u64, size: u32): u64 {
  const at = Buffer.of(id);
  if (!Buffer.mayTouch(at, address, size, 0)) {
    return loadLinear(ramAddress(address), size);
  }
  for (let index = <i32>Buffer.count(at) - 1; index >= 0; index--) {
    const pending = Buffer.pending(at, <u32>index);
    if (!Buffer.overlaps(pending, address, size)) {
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
