/**
 * Every bound of packagefsd, and where its windows of memory lie, in one place.
 *
 *   0x1000_0000  the cache's lines, LINE_COUNT × 4 KiB: private memory
 *   0x1010_0000  clusters of compressed files, CLUSTER_SLOTS + 1 of 16 KiB: private memory
 *   0x1080_0000  a piece of a file that is about to be shared, SHARED_BYTES
 *   0x1100_0000  staging, STAGING_PLACES × 4 KiB: what the disk's device writes into
 *   0x1200_0000  the image of in-memory fixtures, read-only
 *   0x1300_0000  what is remembered from life to life, one page
 *   0x2000_0000  the clients' memory objects, one window of 16 MiB each
 */
import { PAGE_BYTES, USER_MAPPINGS, USER_PROGRAM_END } from "abi/layout";
import * as contract from "gen/idl/package_fs";
import { CLUSTER_BYTES } from "pkgimg/format";

/** Bytes of a block of the image, and of a cache line. */
export const BLOCK_BYTES: u32 = 4096;
export const BLOCK_SHIFT: u32 = 12;
/** Bytes of a disk's sector; no other size is supported. */
export const SECTOR_BYTES: u32 = 512;
export const SECTORS_PER_BLOCK: u32 = BLOCK_BYTES / SECTOR_BYTES;

/** Cache lines: 1 MiB. */
export const LINE_COUNT: u32 = 256;
/** Clusters of compressed files that stay decompressed: as many as one read may touch. */
export const CLUSTER_SLOTS: u32 = 9;
/** The most blocks that one request to the disk brings: 128 KiB, 256 sectors. */
export const STAGING_BLOCKS: u32 = 32;
/** Clients known at a time. The one that asked least recently makes room for a new one. */
export const CLIENTS_MAX: u32 = 8;
/**
 * Reads of the disk at a time: one of each client, and one of a block of the hash tree, for the client whose content has come
 * and waits to be verified. The first place has room for STAGING_BLOCKS, the others for one block: they are needed beside the
 * first, and beside reads that the disk does not answer.
 */
export const READS_MAX: u32 = CLIENTS_MAX + 1;
export const STAGING_PLACES: u32 = STAGING_BLOCKS + READS_MAX - 1;

/** Files that one client may hold open (package_fs.capnp, openFilesMax). */
export const OPEN_FILES_MAX: u32 = 16;
/** The most bytes of one read (package_fs.capnp, readBytesMax). */
export const READ_BYTES_MAX: u32 = 131_072;
/** Bytes of a shared piece of a file (package_fs.capnp, sharedBytes). */
export const SHARED_BYTES: u32 = 131_072;
/** Pieces that are shared at a time: 1 MiB. */
export const SHARES_MAX: u32 = 8;
/** The largest memory object of a client (package_fs.capnp, attachedBytesMax). */
export const ATTACHED_BYTES_MAX: u32 = 16_777_216;
/** The largest image of fixtures that is mapped. */
export const FIXTURES_BYTES_MAX: u32 = 16_777_216;

/** How long the block service may take to answer, in milliseconds: longer than it lets the device try (12 s). */
export const BLOCK_CALL_MILLISECONDS: u64 = 15_000;
/** How long one request waits for the disk while others want to be served. Then it is set aside. */
export const PATIENCE_MILLISECONDS: u32 = 20;
/** How often reads that were left under way are looked after. */
export const LOOK_MILLISECONDS: u64 = 10;
/** Requests that are set aside at a time: one of each client. A further one is told `busy`. */
export const WAITING_MAX: u32 = CLIENTS_MAX;
/** How long a request waits aside at most: as long as its client (runtime/client.ts). Several reads may be slow. */
export const WAITING_MILLISECONDS: u64 = 60_000;
/** The longest message of a request that can be set aside. The longest that is needed has a path of 255 bytes. */
export const MESSAGE_KEPT_BYTES: u32 = 512;
/** The most lines about blocks that do not verify. Later ones are only recorded. */
export const BAD_BLOCK_LINES_MAX: u32 = 16;
/** How often one request is tried again after the block service was started again. */
export const REATTACH_MAX: u32 = 1;
/** How often, and after how long, a request is tried again if the block service was busy. */
export const BUSY_WAITS_MAX: u32 = 20;
export const BUSY_MILLISECONDS: u64 = 10;
/** The same for attaching: a read of an earlier life of ours ends after 12 s at most. */
export const ATTACH_WAITS_MAX: u32 = 1_300;

export const LINES_ADDRESS: usize = USER_MAPPINGS;
export const CLUSTERS_ADDRESS: usize = 0x1010_0000;
export const SHARE_ADDRESS: usize = 0x1080_0000;
export const STAGING_ADDRESS: usize = 0x1100_0000;
export const FIXTURES_ADDRESS: usize = 0x1200_0000;
export const MEMORY_ADDRESS: usize = 0x1300_0000;
export const CLIENT_WINDOWS: usize = 0x2000_0000;

if (OPEN_FILES_MAX !== contract.OPEN_FILES_MAX || READ_BYTES_MAX !== contract.READ_BYTES_MAX) {
  ERROR("package_fs.capnp promises something else");
}
if (<u64>ATTACHED_BYTES_MAX !== contract.ATTACHED_BYTES_MAX) {
  ERROR("package_fs.capnp promises something else");
}
if (LINES_ADDRESS + LINE_COUNT * BLOCK_BYTES > CLUSTERS_ADDRESS) {
  ERROR("the lines reach into the clusters");
}
if (SHARED_BYTES !== contract.SHARED_BYTES) {
  ERROR("package_fs.capnp promises something else");
}
if (CLUSTERS_ADDRESS + (CLUSTER_SLOTS + 1) * CLUSTER_BYTES > SHARE_ADDRESS) {
  ERROR("the clusters reach into the piece that is about to be shared");
}
if (SHARE_ADDRESS + SHARED_BYTES > STAGING_ADDRESS) {
  ERROR("a piece reaches into the staging memory");
}
if (STAGING_ADDRESS + STAGING_PLACES * BLOCK_BYTES > FIXTURES_ADDRESS) {
  ERROR("staging reaches into the fixtures");
}
if (FIXTURES_ADDRESS + FIXTURES_BYTES_MAX > MEMORY_ADDRESS) {
  ERROR("the fixtures reach into what is remembered");
}
if (MEMORY_ADDRESS + PAGE_BYTES > CLIENT_WINDOWS) {
  ERROR("what is remembered reaches into the clients' windows");
}
if (CLIENT_WINDOWS + CLIENTS_MAX * ATTACHED_BYTES_MAX > USER_PROGRAM_END) {
  ERROR("the windows do not fit");
}
