/**
 * The sector cache: verified blocks of the image in lines of 4 KiB, found in O(1). The line that was used least
 * recently makes room. Reached from blocks.ts, which alone decides what is published here.
 *
 * A line is in one of two states. *Published*: it holds one verified block, and a lookup finds it. *Blank*: no lookup
 * finds it, no matter what its bytes are. `take` makes a line blank, and only `publish` ends that. So a lookup never
 * finds a line that is half filled or not verified. One list through all lines keeps the order of use:
 *
 *     take ◀─ oldest │ blank │ blank │ block 7 │ block 2 │ block 3 │ newest ◀─ find, publish
 */
import { BLOCK_BYTES, BLOCK_SHIFT, LINE_COUNT, LINES_ADDRESS } from "./limits";

/** No line, and the block of a blank line. */
const NONE: u32 = 0xffff_ffff;

/** A power of two. */
const BUCKET_COUNT: u32 = 256;
/** 2^32 over the golden ratio: neighbours fall into different buckets (Knuth 3, 6.4). */
const BUCKET_FACTOR: u32 = 0x9e37_79b1;
const BUCKET_SHIFT: u32 = 24;

/**
 *     0       4       8       12        16
 *     | block | older | newer | chained |      indices of lines, NONE at an end
 */
@unmanaged
@final
class Line {
  block: u32;
  older: u32;
  newer: u32;
  /** The next line whose block falls into the same bucket. */
  chained: u32;
}

const lines = memory.data(LINE_COUNT * <u32>offsetof<Line>(), 8);
const buckets = memory.data(BUCKET_COUNT * 4, 8);

let oldest: u32 = 0;
let newest: u32 = 0;

/** Makes every line blank. It has to be called first. */
export function clear(): void {
  for (let i: u32 = 0; i < LINE_COUNT; i++) {
    const each = line(i);
    each.block = NONE;
    each.older = i === 0 ? NONE : i - 1;
    each.newer = i === LINE_COUNT - 1 ? NONE : i + 1;
    each.chained = NONE;
  }
  oldest = 0;
  newest = LINE_COUNT - 1;
  for (let i: u32 = 0; i < BUCKET_COUNT; i++) {
    store<u32>(bucketOf(i), NONE);
  }
}

/** Whether the block is in the cache. The order of use stays the same. */
export function contains(block: u32): bool {
  return lookUp(block) !== NONE;
}

/** The address of a block's 4096 verified bytes, or 0. The block becomes the one that was used most recently. */
export function find(block: u32): usize {
  const index = lookUp(block);
  if (index === NONE) {
    return 0;
  }
  makeNewest(index);
  return addressOf(index);
}

/**
 * Blanks the line that was used least recently and lends it to the caller, who fills it and then calls `publish` or
 * `release`. No other `take` returns it meanwhile, as long as fewer than LINE_COUNT are lent. Returns its index.
 */
export function take(): u32 {
  const index = oldest;
  const each = line(index);
  if (each.block !== NONE) {
    unchain(index);
  }
  each.block = NONE;
  makeNewest(index);
  return index;
}

/** Returns a taken line without publishing it: it is the next one to be taken. */
export function release(index: u32): void {
  assert(line(index).block === NONE);
  if (index === oldest) {
    return;
  }
  const each = line(index);
  line(each.older).newer = each.newer;
  if (each.newer === NONE) {
    newest = each.older;
  } else {
    line(each.newer).older = each.older;
  }
  each.older = NONE;
  each.newer = oldest;
  line(oldest).older = index;
  oldest = index;
}

/** Where the bytes of a line are. */
export function addressOf(index: u32): usize {
  return LINES_ADDRESS + ((<usize>index) << BLOCK_SHIFT);
}

/** Publishes a taken line, which holds all of `block`, verified: from now on lookups find it. */
export function publish(index: u32, block: u32): void {
  assert(line(index).block === NONE && lookUp(block) === NONE);
  const bucket = bucketOf(hash(block));
  const each = line(index);
  each.block = block;
  each.chained = load<u32>(bucket);
  store<u32>(bucket, index);
}

function line(index: u32): Line {
  return changetype<Line>(lines + <usize>index * offsetof<Line>());
}

function bucketOf(index: u32): usize {
  return buckets + ((<usize>index) << 2);
}

function hash(block: u32): u32 {
  return (block * BUCKET_FACTOR) >> BUCKET_SHIFT;
}

function lookUp(block: u32): u32 {
  let index = load<u32>(bucketOf(hash(block)));
  // A chain is at most all lines long; a longer one would be a loop of our own making.
  for (let steps: u32 = 0; index !== NONE; steps++) {
    assert(steps < LINE_COUNT);
    if (line(index).block === block) {
      return index;
    }
    index = line(index).chained;
  }
  return NONE;
}

function unchain(index: u32): void {
  const each = line(index);
  let place = bucketOf(hash(each.block));
  while (load<u32>(place) !== index) {
    const other = load<u32>(place);
    assert(other !== NONE);
    place = changetype<usize>(line(other)) + offsetof<Line>("chained");
  }
  store<u32>(place, each.chained);
  each.chained = NONE;
}

function makeNewest(index: u32): void {
  if (index === newest) {
    return;
  }
  const each = line(index);
  if (each.older === NONE) {
    oldest = each.newer;
  } else {
    line(each.older).newer = each.newer;
  }
  line(each.newer).older = each.older;
  each.older = newest;
  each.newer = NONE;
  line(newest).newer = index;
  newest = index;
}

if (LINE_COUNT * BLOCK_BYTES !== 1 << 20) {
  ERROR("the cache is documented as 1 MiB");
}
