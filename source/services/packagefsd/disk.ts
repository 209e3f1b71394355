/**
 * The block service (virtioblkd) as packagefsd uses it: staging memory that is shared once, then reads of whole blocks
 * into it. Reached from blocks.ts; goes on in services/virtioblkd, by virtio_blk.capnp.
 *
 * The device writes staging memory, so its content is never believed and never handed on: blocks.ts copies it into
 * memory of our own first. Every call has a deadline. A service that died and was started again does not know us any
 * more; it is given the memory again and asked once more, so that our clients' files stay open.
 */
import { Right } from "abi/handle";
import { infoBytes, infoSlotPlusOne, MESSAGE_BYTES_MAX, messageInfo, messageInfoWithSlot } from "abi/message";
import { Refusal } from "abi/refusal";
import { NO_SLOT } from "abi/syscall";
import { finishMessage } from "capnp/build";
import {
  BlkStatus,
  VirtioBlkAttachParamsBuilder,
  VirtioBlkAttachResults,
  VirtioBlkInfoParamsBuilder,
  VirtioBlkInfoResults,
  VirtioBlkMethod,
  VirtioBlkReadParamsBuilder,
  VirtioBlkReadResults,
} from "gen/idl/virtio_blk";
import { createVmo, deadlineIn, drop, map, result, sleepUntil } from "runtime/call";
import { call, messagePage, receivedInfo } from "runtime/ipc";
import { startup } from "runtime/startup";
import {
  BLOCK_BYTES,
  BLOCK_CALL_MILLISECONDS,
  BLOCK_SHIFT,
  BUSY_MILLISECONDS,
  BUSY_WAITS_MAX,
  REATTACH_MAX,
  SECTOR_BYTES,
  SECTORS_PER_BLOCK,
  STAGING_ADDRESS,
  STAGING_PLACES,
} from "./limits";

const STAGING_BYTES: u32 = STAGING_PLACES * BLOCK_BYTES;

let endpoint: u32 = NO_SLOT;
let staging: u32 = NO_SLOT;
let blocksOnDisk: u32 = 0;

/** Shares the staging memory with the block service and asks how large its disk is. False: it cannot be used. */
export function connect(blockService: u32): bool {
  endpoint = blockService;
  if (createVmo(STAGING_BYTES) !== Refusal.None) return false;
  staging = <u32>result(0);
  if (map(staging, STAGING_ADDRESS, 0, STAGING_BYTES, Right.Read) !== Refusal.None) return false;
  return attachStaging() && learnSize();
}

/** Whole blocks on the disk; more than a u32 counts are not seen, and no image has that many. */
export function diskBlocks(): u32 {
  return blocksOnDisk;
}

/** Where block `place` of the staging memory is. */
export function stagedAt(place: u32): usize {
  return STAGING_ADDRESS + ((<usize>place) << BLOCK_SHIFT);
}

/**
 * Has the device write `count` blocks (1 to STAGING_BLOCKS) from `block` on into the staging memory from `place` on.
 * False: nothing there means anything.
 */
export function readStaged(block: u32, count: u32, place: u32): bool {
  let attachments: u32 = 0;
  let waits: u32 = 0;
  let status = askRead(block, count, place);
  while (status !== BlkStatus.ok) {
    // Two answers may be others the second time: a service that was started anew has nothing attached yet, and one
    // that has its hands full will have them free. All else stays true.
    if (status === BlkStatus.notAttached && attachments < REATTACH_MAX) {
      attachments++;
      if (!attachStaging()) return false;
    } else if (status === BlkStatus.busy && waits < BUSY_WAITS_MAX) {
      waits++;
      sleepUntil(deadlineIn(BUSY_MILLISECONDS, startup().timebase));
    } else {
      return false;
    }
    status = askRead(block, count, place);
  }
  return true;
}

/** The status of one read. A service that ended under it counts as one that has nothing attached. */
function askRead(block: u32, count: u32, place: u32): BlkStatus {
  const builder = VirtioBlkReadParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  builder.lba = <u64>block * <u64>SECTORS_PER_BLOCK;
  builder.count = count * SECTORS_PER_BLOCK;
  builder.offset = (<u64>place) << BLOCK_SHIFT;
  const refusal = ask(VirtioBlkMethod.read, NO_SLOT);
  if (refusal === Refusal.PeerGone) return BlkStatus.notAttached;
  if (refusal !== Refusal.None) return BlkStatus.timedOut;
  const results = VirtioBlkReadResults.open(messagePage(), answerBytes());
  if (results === null) return BlkStatus.malformedReply;
  if (results.status !== BlkStatus.ok) return results.status;
  return results.bytes === count * BLOCK_BYTES ? BlkStatus.ok : BlkStatus.malformedReply;
}

function attachStaging(): bool {
  const builder = VirtioBlkAttachParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  builder.bytes = STAGING_BYTES;
  if (ask(VirtioBlkMethod.attach, staging) !== Refusal.None) return false;
  const results = VirtioBlkAttachResults.open(messagePage(), answerBytes());
  return results !== null && results.status === BlkStatus.ok;
}

function learnSize(): bool {
  VirtioBlkInfoParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  if (ask(VirtioBlkMethod.info, NO_SLOT) !== Refusal.None) return false;
  const results = VirtioBlkInfoResults.open(messagePage(), answerBytes());
  if (results === null || results.status !== BlkStatus.ok || results.sectorSize !== SECTOR_BYTES)
    return false;
  const blocks = results.sectors / SECTORS_PER_BLOCK;
  blocksOnDisk = blocks > <u64>u32.MAX_VALUE ? u32.MAX_VALUE : <u32>blocks;
  return true;
}

/** Calls the service with the message that was just built, and with `slot` unless it is NO_SLOT. */
function ask(method: VirtioBlkMethod, slot: u32): i32 {
  const bytes = finishMessage();
  const deadline = deadlineIn(BLOCK_CALL_MILLISECONDS, startup().timebase);
  const info =
    slot === NO_SLOT ? messageInfo(bytes) : messageInfoWithSlot(bytes, slot, Right.Read | Right.Write);
  return call(endpoint, info, method, 0, deadline);
}

/** The length of the answer that just came. A capability that came with it was not asked for, and is dropped. */
function answerBytes(): u32 {
  const info = receivedInfo();
  const slotPlusOne = infoSlotPlusOne(info);
  if (slotPlusOne !== 0) drop(slotPlusOne - 1);
  return infoBytes(info);
}
