/**
 * The methods of virtio_blk.capnp: checks and answers the requests of clients.
 *
 * A read is answered when it has ended (reads.ts), in any order. Every answer is owed until the service waits again or
 * the next one is written. So the last answer of several hands this hart to its client, and so does the only answer to
 * a client that reads block by block.
 *
 * Reached from main.ts; goes on in reads.ts.
 */
import { Audit } from "abi/audit";
import { MESSAGE_BYTES_MAX, messageInfo } from "abi/message";
import { Refusal } from "abi/refusal";
import { NO_SLOT } from "abi/syscall";
import { finishMessage } from "capnp/build";
import {
  ATTACHED_BYTES_MAX,
  BlkStatus,
  VERSION,
  VirtioBlkAttachParams,
  VirtioBlkAttachResultsBuilder,
  VirtioBlkInfoParams,
  VirtioBlkInfoResultsBuilder,
  VirtioBlkMethod,
  VirtioBlkReadParams,
  VirtioBlkReadResultsBuilder,
  VirtioBlkWriteParams,
  VirtioBlkWriteResultsBuilder,
} from "gen/idl/virtio_blk";
import { record } from "runtime/audit";
import { result, vmoSize } from "runtime/call";
import { messagePage } from "runtime/ipc";
import { line, print } from "runtime/log";
import { answerAtWait, Outcome as Handled, Request, sendOwed } from "runtime/service";
import { SECTOR_BYTES, SECTORS_MAX } from "storage/virtio-blk/geometry";
import { REQUESTS_MAX } from "storage/virtio-blk/table";
import { clientOf } from "./clients";
import { disk, diskBase, diskDevice, diskIrq } from "./device";
import { COMPLAINT_LINES_MAX } from "./limits";
import { startRead, takeEnded } from "./reads";

/** In the audit trail: the refused request named no sector. */
const NO_SECTOR: u64 = u64.MAX_VALUE;

let readsDone: u64 = 0;
let readsFailed: u64 = 0;
let complaintLines: u32 = 0;

/** Handles one message. Every answer is sent from this file, never by the service loop. */
export function onRequest(request: Request): Handled {
  const method = request.w0;
  if (method === VirtioBlkMethod.read) {
    onRead(request);
  } else if (method === VirtioBlkMethod.info) {
    onInfo(request);
  } else if (method === VirtioBlkMethod.attach) {
    onAttach(request);
  } else if (method === VirtioBlkMethod.write) {
    onWrite(request);
  } else {
    audit(request, NO_SECTOR);
    answerRead(request.token, BlkStatus.unknownMethod, 0);
  }
  return Handled.Deferred;
}

function onInfo(request: Request): void {
  const params = VirtioBlkInfoParams.open(messagePage(), request.bytes);
  const results = VirtioBlkInfoResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  results.status = BlkStatus.ok;
  if (params === null) {
    results.status = BlkStatus.badMessage;
  } else {
    results.sectors = disk().geometry.capacity;
    results.sectorSize = SECTOR_BYTES;
    results.readOnly = true;
    results.base = diskBase();
    results.irq = diskIrq();
    results.version = VERSION;
    results.deviceVersion = disk().version;
    results.queueDepth = <u16>REQUESTS_MAX;
    results.reads = readsDone;
    results.errors = readsFailed;
    results.blockSize = disk().geometry.blockBytes;
  }
  send(request.token);
}

function onAttach(request: Request): void {
  const params = VirtioBlkAttachParams.open(messagePage(), request.bytes);
  let status = BlkStatus.badMessage;
  if (params !== null) {
    status = attach(request, params.bytes);
  }
  if (isWrong(status)) {
    audit(request, NO_SECTOR);
  }
  const results = VirtioBlkAttachResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  results.status = status;
  send(request.token);
}

/** Pins the client's memory object for the device, in place of the one that it attached before. */
function attach(request: Request, byteCount: u64): BlkStatus {
  const client = clientOf(request.badge, diskDevice(), disk().isReady);
  if (client === null || client.inFlight !== 0) {
    return BlkStatus.busy;
  }
  client.detach(diskDevice(), disk().isReady);
  const slot = request.slot;
  if (slot === NO_SLOT || byteCount === 0 || byteCount > ATTACHED_BYTES_MAX) {
    return BlkStatus.attachRefused;
  }
  if (vmoSize(slot) !== Refusal.None || result(0) < byteCount) {
    return BlkStatus.attachRefused;
  }
  if (client.attach(diskDevice(), slot, byteCount) !== Refusal.None) {
    return BlkStatus.attachRefused;
  }
  request.keepSlot();
  return BlkStatus.ok;
}

function onRead(request: Request): void {
  const params = VirtioBlkReadParams.open(messagePage(), request.bytes);
  let status = BlkStatus.badMessage;
  let lba: u64 = NO_SECTOR;
  if (params !== null) {
    // `params` reads from the message page, so values that are needed later are copied before the answer is begun.
    lba = params.lba;
    status = read(request, lba, params.count, params.offset);
  }
  if (isWrong(status)) {
    audit(request, lba);
  }
  if (status !== BlkStatus.ok) {
    answerRead(request.token, status, 0);
  }
}

/** Gives a read to the device. On `ok` the client now waits. */
function read(request: Request, lba: u64, sectorCount: u32, offset: u64): BlkStatus {
  const client = clientOf(request.badge, diskDevice(), disk().isReady);
  if (client === null) {
    return BlkStatus.busy;
  }
  if (client.byteCount === 0) {
    return BlkStatus.notAttached;
  }
  if (sectorCount === 0 || sectorCount > SECTORS_MAX) {
    return BlkStatus.badCount;
  }
  const byteCount = <u64>sectorCount * <u64>SECTOR_BYTES;
  if (offset % 8 !== 0 || offset > client.byteCount || byteCount > client.byteCount - offset) {
    return BlkStatus.outOfMemoryObject;
  }
  const status = startRead(client, request.token, lba, sectorCount, client.bus + offset);
  if (status === BlkStatus.ok) {
    client.inFlight++;
  }
  return status;
}

/** Refuses every write, and records the attempt. */
function onWrite(request: Request): void {
  const params = VirtioBlkWriteParams.open(messagePage(), request.bytes);
  audit(request, params === null ? NO_SECTOR : params.lba);
  if (complaintLines < COMPLAINT_LINES_MAX) {
    complaintLines++;
    const words = line().text("virtioblkd: refused a write, client=").decimal(request.badge);
    if (params !== null) {
      words.text(" lba=").decimal(params.lba).text(" count=").decimal(params.count);
    }
    print(words);
  }
  const results = VirtioBlkWriteResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  results.status = params === null ? BlkStatus.badMessage : BlkStatus.readOnly;
  send(request.token);
}

/** Answers every read that ended since the last time. */
export function answerEnded(): void {
  for (let read = takeEnded(); read !== null; read = takeEnded()) {
    const client = read.client;
    if (client !== null) {
      client.inFlight--;
    }
    const isDone = read.status === BlkStatus.ok;
    if (isDone) {
      readsDone++;
    } else {
      readsFailed++;
    }
    answerRead(read.token, read.status, isDone ? read.sectorCount * SECTOR_BYTES : 0);
  }
}

/**
 * Whether the request itself was wrong, so that the audit trail records it. A request that only came too early is not.
 */
function isWrong(status: BlkStatus): bool {
  return (
    status !== BlkStatus.ok &&
    status !== BlkStatus.notAttached &&
    status !== BlkStatus.busy &&
    status !== BlkStatus.noDevice
  );
}

/** Records a request that was refused. */
function audit(request: Request, lba: u64): void {
  record(Audit.BlockRefused, <u64>request.badge | (request.w0 << 32), lba);
}

/** Answers with the results of `read`. */
function answerRead(token: u64, status: BlkStatus, byteCount: u32): void {
  sendOwed();
  const results = VirtioBlkReadResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  results.status = status;
  results.bytes = byteCount;
  send(token);
}

/** Answers with what was built. */
function send(token: u64): void {
  answerAtWait(token, messageInfo(finishMessage()), 0, 0);
}
