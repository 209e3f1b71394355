/**
 * Compressed files: their clusters, decompressed from verified blocks. Reached from content.ts; goes on in blocks.ts and
 * libs/pkgimg/clusters.ts.
 *
 *     verified lines ──copy──▶ room ──LZ4──▶ a slot (ours alone) ──copy──▶ the client's memory
 *
 * The clusters that were used last stay in CLUSTER_SLOTS slots, so a client that reads in small pieces has each
 * decompressed once. The memory for each is made when it is needed for the first time.
 */
import { Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { Cluster, findCluster, readCluster } from "pkgimg/clusters";
import { CLUSTER_BYTES, CLUSTER_ENTRY_BYTES, CLUSTER_SHIFT, ImageError } from "pkgimg/format";
import { createVmo, map, result } from "runtime/call";
import { ensure, mounted } from "./blocks";
import { OpenFile } from "./clients";
import { BLOCK_BYTES, BLOCK_SHIFT, CLUSTER_SLOTS, CLUSTERS_ADDRESS, READ_BYTES_MAX } from "./limits";
import { reportBlock } from "./report";

// A read touches at most so many clusters, and all of them are there before the first byte is delivered.
if (READ_BYTES_MAX / CLUSTER_BYTES + 1 > CLUSTER_SLOTS) {
  ERROR("one read could push out its own clusters");
}

/** Behind the slots: a cluster as it is stored. */
const ROOM: usize = CLUSTERS_ADDRESS + <usize>(CLUSTER_SLOTS * CLUSTER_BYTES);

/** No cluster: no file begins in the superblock. */
const NONE: u64 = 0;

/**
 *     0       8
 *     | key   | used   |      which cluster it has; when it was used last, counted in uses of all slots
 */
@unmanaged
@final
class Slot {
  key: u64;
  /** 0: there is no memory for it yet. */
  used: u64;
}

const slots = memory.data(CLUSTER_SLOTS * <u32>offsetof<Slot>(), 8);
const cluster = changetype<Cluster>(memory.data(offsetof<Cluster>(), 8));
let uses: u64 = 0;
let hasRoom: bool = false;

/**
 * Copies `bytes` bytes of a compressed file, from `offset` on, to `target`. They must be the file's, and at most
 * READ_BYTES_MAX. If anything is wrong with them, none is copied.
 *
 * @param isSequential the client reads on from where it was, so blocks of the next reads are fetched along
 */
export function deliverClusters(
  file: OpenFile,
  offset: u32,
  bytes: u32,
  isSequential: bool,
  target: usize,
): ImageError {
  const last = (offset + bytes - 1) >> CLUSTER_SHIFT;
  for (let index = offset >> CLUSTER_SHIFT; index <= last; index++) {
    const error = find(file, index) === 0 ? bring(file, index, isSequential) : ImageError.None;
    if (error !== ImageError.None) {
      return error;
    }
  }
  let done: u32 = 0;
  while (done < bytes) {
    const at = offset + done;
    const content = find(file, at >> CLUSTER_SHIFT);
    assert(content !== 0);
    const inside = at & (CLUSTER_BYTES - 1);
    const part = min<u32>(bytes - done, CLUSTER_BYTES - inside);
    memory.copy(target + <usize>done, content + <usize>inside, <usize>part);
    done += part;
  }
  return ImageError.None;
}

/** Where a cluster is, decompressed; 0 if it is not there. Its slot becomes the one that was used most recently. */
function find(file: OpenFile, index: u32): usize {
  const wanted = keyOf(file, index);
  for (let number: u32 = 0; number < CLUSTER_SLOTS; number++) {
    const each = slot(number);
    if (each.key === wanted) {
      uses++;
      each.used = uses;
      return contentOf(number);
    }
  }
  return 0;
}

/** The slot that was used least recently; one that was never used comes first. */
function oldestSlot(): u32 {
  let oldest: u32 = 0;
  for (let number: u32 = 1; number < CLUSTER_SLOTS; number++) {
    if (slot(number).used < slot(oldest).used) {
      oldest = number;
    }
  }
  return oldest;
}

/** Fetches a cluster and decompresses it into a slot. */
function bring(file: OpenFile, index: u32, isSequential: bool): ImageError {
  if (!hasRoom) {
    hasRoom = mapCluster(ROOM);
  }
  if (!hasRoom) {
    return ImageError.Io;
  }
  const image = mounted();
  cluster.fileStart = file.start;
  cluster.fileBytes = <u32>file.size;
  cluster.fileStored = file.stored;
  // Where in the table the cluster before it ends.
  const entry = file.start + (index === 0 ? 0 : index - 1) * CLUSTER_ENTRY_BYTES;
  let error = fetch(entry, 1, file, isSequential);
  if (error !== ImageError.None) {
    return error;
  }
  error = findCluster(image, cluster, index);
  if (error === ImageError.None) {
    const fetched = fetch(cluster.start, cluster.stored, file, isSequential);
    if (fetched !== ImageError.None) {
      return fetched;
    }
    const number = oldestSlot();
    const taken = slot(number);
    if (taken.used === 0 && !mapCluster(contentOf(number))) {
      return ImageError.Io;
    }
    uses++;
    taken.used = uses;
    taken.key = NONE;
    error = readCluster(image, cluster, ROOM, contentOf(number));
    if (error === ImageError.None) {
      taken.key = keyOf(file, index);
    }
  }
  if (error === ImageError.Cluster) {
    reportBlock(error, image.errorBlock);
  }
  return error;
}

/** Brings the blocks with `count` bytes from byte `start` of the image on into the cache. */
function fetch(start: u32, count: u32, file: OpenFile, isSequential: bool): ImageError {
  const first = start >> BLOCK_SHIFT;
  const behind = (start + count + BLOCK_BYTES - 1) >> BLOCK_SHIFT;
  return ensure(first, behind - first, isSequential ? file.endBlock : behind);
}

function keyOf(file: OpenFile, index: u32): u64 {
  return ((<u64>file.start) << 32) | <u64>index;
}

function slot(number: u32): Slot {
  return changetype<Slot>(slots + <usize>number * offsetof<Slot>());
}

/** Where the bytes of a slot's cluster are. */
function contentOf(number: u32): usize {
  return CLUSTERS_ADDRESS + <usize>(number * CLUSTER_BYTES);
}

/** Makes private memory for one cluster. */
function mapCluster(address: usize): bool {
  return (
    createVmo(CLUSTER_BYTES) === Refusal.None &&
    map(<u32>result(0), address, 0, CLUSTER_BYTES, Right.Read | Right.Write) === Refusal.None
  );
}
