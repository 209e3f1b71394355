/**
 * Pieces of files that clients have in common: a memory object for each piece, which they map and only read. Reached
 * from serve.ts; goes on in content.ts for the bytes.
 *
 *     verified lines ──copy──▶ a piece ──capability to read──▶ each client that asks for it
 *
 * A piece is filled once, so what a client has mapped never changes under it. Its pages are charged to us for as long as
 * any client has them. Therefore there are SHARES_MAX pieces at a time, and one makes room for another only when the
 * kernel counts no reference to it but our own.
 */
import { Right } from "abi/handle";
import { wholePages } from "abi/layout";
import { Refusal } from "abi/refusal";
import { ImageError } from "pkgimg/format";
import { createVmo, drop, map, result, unmap, vmoSize } from "runtime/call";
import { OpenFile } from "./clients";
import { deliver } from "./content";
import { READ_BYTES_MAX, SHARE_ADDRESS, SHARED_BYTES, SHARES_MAX } from "./limits";

// A piece is filled like a read: in one go.
if (SHARED_BYTES > READ_BYTES_MAX) {
  ERROR("a piece is longer than one read may be");
}

/**
 *     0         8      16     20
 *     | lastUse | start | index | slot |
 */
@unmanaged
@final
export class Share {
  /** When a client last asked for it, counted in shares; 0: there is no piece here. */
  lastUse: u64;
  /** Where the file begins in the image, in bytes. */
  start: u32;
  /** Which piece of the file. */
  index: u32;
  /** Our capability to the memory object. */
  slot: u32;
  private reserved: u32;
}

const shares = memory.data(SHARES_MAX * <u32>offsetof<Share>(), 8);
let uses: u64 = 0;

/** Piece `index` of a file, if it is shared already; otherwise null. */
export function findShare(file: OpenFile, index: u32): Share | null {
  for (let i: u32 = 0; i < SHARES_MAX; i++) {
    const each = shareAt(i);
    if (each.lastUse !== 0 && each.start === file.start && each.index === index) {
      use(each);
      return each;
    }
  }
  return null;
}

/** A piece of `bytes` (1 to SHARED_BYTES) that is still to be filled; null if there is no room or no memory for it. */
export function newShare(bytes: u32): Share | null {
  const share = room();
  const size = wholePages(bytes);
  if (share === null || createVmo(size) !== Refusal.None) {
    return null;
  }
  share.slot = <u32>result(0);
  if (map(share.slot, SHARE_ADDRESS, 0, size, Right.Read | Right.Write) !== Refusal.None) {
    drop(share.slot);
    return null;
  }
  return share;
}

/** Fills what `newShare` made with piece `index` of a file, `bytes` long. If the content is bad, the piece is gone. */
export function fillShare(share: Share, file: OpenFile, index: u32, bytes: u32): ImageError {
  const error = deliver(file, index * SHARED_BYTES, bytes, false, SHARE_ADDRESS);
  const status = unmap(SHARE_ADDRESS);
  assert(status === Refusal.None);
  if (error !== ImageError.None) {
    drop(share.slot);
    return error;
  }
  share.start = file.start;
  share.index = index;
  use(share);
  return ImageError.None;
}

/** A place without a piece: a free one, or that of the piece that was asked for least recently and no client has. */
function room(): Share | null {
  let stalest: Share | null = null;
  for (let i: u32 = 0; i < SHARES_MAX; i++) {
    const each = shareAt(i);
    if (each.lastUse === 0) {
      return each;
    }
    if ((stalest === null || each.lastUse < stalest.lastUse) && isOursAlone(each)) {
      stalest = each;
    }
  }
  if (stalest !== null) {
    drop(stalest.slot);
    stalest.lastUse = 0;
  }
  return stalest;
}

/** Whether no client has a capability to it, or has it mapped. */
function isOursAlone(share: Share): bool {
  const status = vmoSize(share.slot);
  assert(status === Refusal.None);
  return result(1) === 1;
}

function use(share: Share): void {
  uses++;
  share.lastUse = uses;
}

function shareAt(place: u32): Share {
  return changetype<Share>(shares + <usize>place * offsetof<Share>());
}
