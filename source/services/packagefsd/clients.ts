/**
 * The clients: one record for each, found by the badge of the endpoint that was called. nexus-init mints the badges,
 * and no client can forge one, so a client can never reach another client's record.
 *
 * There are CLIENTS_MAX records, and the service does not learn when a client ends. So a new client takes the record of
 * the one that asked least recently, whose files are closed and whose memory is unmapped. If that client is still
 * alive, it is told `badFile` or `notAttached`, and opens or attaches again.
 */
import { Right } from "abi/handle";
import { wholePages } from "abi/layout";
import { Refusal } from "abi/refusal";
import { map, result, unmap, vmoSize } from "runtime/call";
import { instanceNumber } from "runtime/starter";
import {
  ATTACHED_BYTES_MAX,
  BLOCK_BYTES,
  BLOCK_SHIFT,
  CLIENT_WINDOWS,
  CLIENTS_MAX,
  OPEN_FILES_MAX,
} from "./limits";

/**
 *     0      8          16           20     24       28
 *     | size | expected | start      | open | number | stored |
 */
@unmanaged
@final
export class OpenFile {
  /** Bytes of content. */
  size: u64;
  /** Where the next read begins if the client reads in sequence, in bytes. */
  expected: u64;
  /** Where the content begins in the image, in bytes. */
  start: u32;
  open: u32;
  /** The number that the client knows the file by: see `nextNumber`. */
  number: u32;
  /** Bytes that it takes in the image if it is compressed; 0 for one that is not. */
  stored: u32;

  /** The block behind its last one. */
  get endBlock(): u32 {
    const bytes = this.stored === 0 ? this.size : <u64>this.stored;
    return <u32>((<u64>this.start + bytes + BLOCK_BYTES - 1) >> BLOCK_SHIFT);
  }
}

/**
 * A file's number. The number of a closed file, or of one from an earlier life of this service, is not reused soon:
 *
 *   31      24 23            4 3       0
 *  ┌──────────┬───────────────┬─────────┐
 *  │ instance │ files so far  │ place   │
 *  └──────────┴───────────────┴─────────┘
 */
const FILE_BITS: u32 = 4;
const INSTANCE_SHIFT: u32 = 24;
const COUNT_MASK: u32 = (1 << (INSTANCE_SHIFT - FILE_BITS)) - 1;
if (OPEN_FILES_MAX !== 1 << FILE_BITS) {
  ERROR("a file's number holds its place in FILE_BITS bits");
}

let opened: u32 = 0;

function nextNumber(place: u32): u32 {
  opened++;
  return (instanceNumber() << INSTANCE_SHIFT) | ((opened & COUNT_MASK) << FILE_BITS) | place;
}

/** A client; its OPEN_FILES_MAX open files follow behind it. */
@unmanaged
@final
export class Client {
  /** When the client last asked, counted in requests of all clients; 0: this record is free. */
  lastUse: u64;
  badge: u32;
  /** Bytes of its memory object that are mapped in its window; 0: none is attached. */
  attachedBytes: u32;
  /** Which memory object that is, counted in attachments of all clients; 0: none was attached. */
  attachment: u32;
  private reserved: u32;

  /** The file in `place`, which must be below OPEN_FILES_MAX. */
  file(place: u32): OpenFile {
    return changetype<OpenFile>(
      changetype<usize>(this) + offsetof<Client>() + <usize>place * offsetof<OpenFile>(),
    );
  }

  /** Where its memory object is mapped. */
  get window(): usize {
    const place = (changetype<usize>(this) - clients) / <usize>CLIENT_BYTES;
    return CLIENT_WINDOWS + place * <usize>ATTACHED_BYTES_MAX;
  }
}

const CLIENT_BYTES: u32 = <u32>offsetof<Client>() + OPEN_FILES_MAX * <u32>offsetof<OpenFile>();
const clients = memory.data(CLIENTS_MAX * CLIENT_BYTES, 8);

let requests: u64 = 0;
let attachments: u32 = 0;

/** The client with this badge, if it has opened or attached anything; otherwise null. */
export function knownClient(badge: u32): Client | null {
  for (let i: u32 = 0; i < CLIENTS_MAX; i++) {
    const each = client(i);
    if (each.lastUse === 0 || each.badge !== badge) {
      continue;
    }
    requests++;
    each.lastUse = requests;
    return each;
  }
  return null;
}

/** Which memory the client with this badge has attached; 0: none. */
export function attachmentOf(badge: u32): u32 {
  for (let i: u32 = 0; i < CLIENTS_MAX; i++) {
    const each = client(i);
    if (each.lastUse !== 0 && each.badge === badge) {
      return each.attachment;
    }
  }
  return 0;
}

/** The record for this badge: its own, or a free one, or that of the client that asked least recently. */
export function clientOf(badge: u32): Client {
  const known = knownClient(badge);
  if (known !== null) {
    return known;
  }
  let stalest = client(0);
  for (let i: u32 = 1; i < CLIENTS_MAX; i++) {
    if (client(i).lastUse < stalest.lastUse) {
      stalest = client(i);
    }
  }
  forget(stalest);
  requests++;
  stalest.badge = badge;
  stalest.lastUse = requests;
  return stalest;
}

function client(place: u32): Client {
  return changetype<Client>(clients + <usize>(place * CLIENT_BYTES));
}

function forget(client: Client): void {
  detach(client);
  for (let i: u32 = 0; i < OPEN_FILES_MAX; i++) {
    client.file(i).open = 0;
  }
  client.lastUse = 0;
}

/** Takes the client's memory object out of its window. */
function detach(client: Client): void {
  client.attachment = 0;
  if (client.attachedBytes === 0) {
    return;
  }
  client.attachedBytes = 0;
  const status = unmap(client.window);
  // The window is ours and memory is mapped there, so a refusal would be our own mistake.
  assert(status === Refusal.None);
}

/**
 * Maps the first `bytes` bytes of a client's memory object into its window, in place of what was there. The slot may
 * be dropped afterwards: the mapping keeps the object. On false nothing is attached.
 */
export function attach(client: Client, slot: u32, bytes: u64): bool {
  detach(client);
  if (bytes === 0 || bytes > <u64>ATTACHED_BYTES_MAX) {
    return false;
  }
  if (vmoSize(slot) !== Refusal.None || result(0) < bytes) {
    return false;
  }
  if (map(slot, client.window, 0, wholePages(<u32>bytes), Right.Read | Right.Write) !== Refusal.None) {
    return false;
  }
  client.attachedBytes = <u32>bytes;
  attachments++;
  client.attachment = attachments;
  return true;
}

/**
 * A record for a file that begins at byte `start` of the image; null if the client holds OPEN_FILES_MAX already.
 *
 * @param stored bytes that it takes there if it is compressed; 0 for one that is not
 */
export function openFile(client: Client, start: u32, size: u64, stored: u32): OpenFile | null {
  for (let i: u32 = 0; i < OPEN_FILES_MAX; i++) {
    const each = client.file(i);
    if (each.open !== 0) {
      continue;
    }
    each.open = 1;
    each.number = nextNumber(i);
    each.start = start;
    each.size = size;
    each.expected = 0;
    each.stored = stored;
    return each;
  }
  return null;
}

/** The file that the client calls `number`, or null. */
export function fileOf(client: Client, number: u32): OpenFile | null {
  const file = client.file(number & (OPEN_FILES_MAX - 1));
  return file.open !== 0 && file.number === number ? file : null;
}

/** The same for the client with this badge. */
export function fileWith(badge: u32, number: u32): OpenFile | null {
  const client = knownClient(badge);
  return client === null ? null : fileOf(client, number);
}
