/**
 * The methods of virtio_blk.capnp: checks and answers the requests of clients.
 *
 * A read is answered when it has ended (reads.ts), in any order; an `exchange`, when enough of its client's reads have
 * ended. Every answer is owed until the service waits again or
 * the next one is written. So the last answer of several hands this hart to its client, and so does the only answer to
 * a client that reads block by block.
 *
 * Reached from main.ts; goes on in reads.ts.
 */
import { Audit } from "abi/audit";
import { MESSAGE_BYTES_MAX, messageInfo } from "abi/message";
import { Refusal } from "abi/refusal";
import { FOREVER, NO_SLOT } from "abi/syscall";
import { finishMessage } from "capnp/build";
import {
  ATTACHED_BYTES_MAX,
  BlkStatus,
  VERSION,
  VirtioBlkAttachParams,
  VirtioBlkAttachResultsBuilder,
  VirtioBlkExchangeParams,
  VirtioBlkExchangeResultsBuilder,
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
import { startup } from "runtime/startup";
import { SECTOR_BYTES, SECTORS_MAX } from "storage/virtio-blk/geometry";
import { REQUESTS_MAX } from "storage/virtio-blk/table";
import { Client, clientAt, clientOf } from "./clients";
import { turnTime } from "./clock";
import { disk, diskBase, diskDevice, diskIrq } from "./device";
import { CLIENTS_MAX, COMPLAINT_LINES_MAX } from "./limits";
import { startRead, takeEnded } from "./reads";

/** In the audit trail: the refused request named no sector. */
const NO_SECTOR: u64 = u64.MAX_VALUE;

let readsDone: u64 = 0;
let readsFailed: u64 = 0;
let complaintLines: u32 = 0;
/** Exchanges that wait, and have a limit. */
let limitedCount: u32 = 0;

/** Handles one message. Every answer is sent from this file, never by the service loop. */
export function onRequest(request: Request): Handled {
  const method = request.w0;
  if (method === VirtioBlkMethod.read) {
    onRead(request);
  } else if (method === VirtioBlkMethod.exchange) {
    onExchange(request);
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

/** The record of the client that asks; null if all are in use. */
function clientFor(request: Request): Client | null {
  return clientOf(request.badge, diskDevice(), disk().isReady, disk().takenCount);
}

/** Pins the client's memory object for the device, in place of the one that it attached before. */
function attach(request: Request, byteCount: u64): BlkStatus {
  const client = clientFor(request);
  if (client === null || client.inFlight !== 0) {
    return BlkStatus.busy;
  }
  client.detach(diskDevice(), disk().isReady, disk().takenCount);
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
  const client = clientFor(request);
  if (client === null) {
    return BlkStatus.busy;
  }
  if (client.byteCount === 0) {
    return BlkStatus.notAttached;
  }
  return readFor(client, request.token, false, true, lba, sectorCount, offset);
}

/** Gives a read of this client to the device, which is told of it if it is the last one. */
function readFor(
  client: Client,
  token: u64,
  isOrdered: bool,
  isLast: bool,
  lba: u64,
  sectorCount: u32,
  offset: u64,
): BlkStatus {
  if (sectorCount === 0 || sectorCount > SECTORS_MAX) {
    return BlkStatus.badCount;
  }
  const byteCount = <u64>sectorCount * <u64>SECTOR_BYTES;
  if (offset % 8 !== 0 || offset > client.byteCount || byteCount > client.byteCount - offset) {
    return BlkStatus.outOfMemoryObject;
  }
  const status = startRead(client, token, isOrdered, isLast, lba, sectorCount, client.pin, <u32>offset);
  if (status === BlkStatus.ok) {
    client.inFlight++;
  }
  return status;
}

function onExchange(request: Request): void {
  const params = VirtioBlkExchangeParams.open(messagePage(), request.bytes);
  const status = params === null ? BlkStatus.badMessage : exchange(request, params);
  if (status === BlkStatus.ok) {
    return;
  }
  if (isWrong(status)) {
    audit(request, NO_SECTOR);
  }
  sendOwed();
  VirtioBlkExchangeResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX).status = status;
  send(request.token);
}

/**
 * Starts the ordered reads, and tells the device of all of them at once. On `ok` the client waits, or was answered.
 * The orders are read from the message page, where no answer is written before the last of them was started.
 */
function exchange(request: Request, params: VirtioBlkExchangeParams): BlkStatus {
  const client = clientFor(request);
  if (client === null) {
    return BlkStatus.busy;
  }
  if (client.byteCount === 0) {
    return BlkStatus.notAttached;
  }
  const count = params.ordersLength;
  if (client.isWaiting !== 0 || count > client.room) {
    return BlkStatus.busy;
  }
  for (let index: u32 = 0; index < count; index++) {
    const order = params.orders(index);
    const isLast = index + 1 === count;
    const status = readFor(client, order.tag, true, isLast, order.lba, order.count, order.offset);
    if (status === BlkStatus.ok) {
      client.ordered++;
    } else {
      client.noteEnding(order.tag, status);
      if (isWrong(status)) {
        audit(request, order.lba);
      }
    }
  }
  // The device was told with the last order, unless that was refused.
  disk().kick();
  client.isWaiting = 1;
  client.token = request.token;
  client.waitFor = params.waitFor;
  client.until = FOREVER;
  if (params.patience !== 0 && !client.isDue) {
    client.until = turnTime() + (<u64>params.patience * startup().timebase) / 1000;
    limitedCount++;
  }
  answerIfDue(client);
  return BlkStatus.ok;
}

/** Answers the exchange in which this client waits, if enough of its reads have ended. */
function answerIfDue(client: Client): void {
  if (client.isDue) {
    answerExchange(client);
  }
}

/** Answers it with what has ended by now. */
function answerExchange(client: Client): void {
  client.isWaiting = 0;
  if (client.until !== FOREVER) {
    limitedCount--;
  }
  sendOwed();
  client.tellEndings();
  send(client.token);
}

/** Answers the exchanges that have waited for as long as they may. Returns when the next one has; FOREVER for none. */
export function answerImpatient(): u64 {
  let earliest = FOREVER;
  for (let index: u32 = 0; limitedCount !== 0 && index < CLIENTS_MAX; index++) {
    const client = clientAt(index);
    if (client.isWaiting === 0) {
      continue;
    }
    if (client.until <= turnTime()) {
      answerExchange(client);
    } else {
      earliest = min(earliest, client.until);
    }
  }
  return earliest;
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

/**
 * Answers every read that ended since the last time. Clients that wait in an exchange are told afterwards, so that reads
 * that end together are told together.
 */
export function answerEnded(): void {
  let isToTell = false;
  for (let read = takeEnded(); read !== null; read = takeEnded()) {
    const isDone = read.status === BlkStatus.ok;
    if (isDone) {
      readsDone++;
    } else {
      readsFailed++;
    }
    const client = read.client;
    if (client !== null) {
      client.inFlight--;
    }
    if (client !== null && read.isOrdered) {
      client.ordered--;
      client.noteEnding(<u32>read.token, read.status);
      isToTell = true;
    } else {
      answerRead(read.token, read.status, isDone ? read.sectorCount * SECTOR_BYTES : 0);
    }
  }
  for (let index: u32 = 0; isToTell && index < CLIENTS_MAX; index++) {
    answerIfDue(clientAt(index));
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
