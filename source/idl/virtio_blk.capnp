@0xd1f0a7c35b2e9846;
# The block service: reads sectors of the one disk into memory that the client shares.
#
# Bulk data never travels through a message. A client attaches one memory object, and from then on names places in it by
# offset; the device itself writes there. The disk is read-only: `write` exists so that an attempt to write gets an
# answer and a record in the audit trail.
#
# Every result begins with `status`. If it is not `ok`, the other fields of that result are zero.

const version :UInt32 = 4;
# The version of this contract; `info` returns the one that the service speaks.

const sectorsPerReadMax :UInt32 = 256;
# 128 KiB: the most that one `read` may ask for.

const depthMax :UInt32 = 8;
# How many reads one client can have started by `exchange` and not been told the end of.

const attachedBytesMax :UInt64 = 16777216;
# The largest memory object that a client may attach (16 MiB).

enum BlkStatus {
  # Why a request was refused, or that it was not.

  ok @0;
  # Done.

  badMessage @1;
  # The parameters were not a well-formed message of this method.

  unknownMethod @2;
  # The service has no method of this number.

  notAttached @3;
  # The client has attached no memory object.

  attachRefused @4;
  # No memory object came with the message, it is smaller than `bytes`, or it may not be written.

  badCount @5;
  # `count` is zero, or above `sectorsPerReadMax`.

  outOfRange @6;
  # The sectors asked for do not all lie on the disk.

  outOfMemoryObject @7;
  # The data would not all lie in the attached memory object, or `offset` is not a multiple of 8.

  readOnly @8;
  # The disk cannot be written. The attempt has been audited.

  deviceError @9;
  # The device reported an error for these sectors.

  malformedReply @10;
  # The device's answer contradicted itself, and the service rejected it.

  timedOut @11;
  # The device did not answer before the deadline.

  busy @12;
  # Too many requests are under way; try again.

  noDevice @13;
  # There is no disk, or it has been given up after too many errors.

  unaligned @14;
  # `lba` and `count` are not both multiples of the device's own block (`info`).
}

struct Order {
  # A read to start. The fields mean what they mean in `read`.

  lba @0 :UInt64;
  offset @1 :UInt64;
  count @2 :UInt32;

  tag @3 :UInt32;
  # Any number of the client's: it comes back with the end of this read.
}

struct Ending {
  # How a read ended.

  tag @0 :UInt32;
  # The tag of its order.

  status @1 :BlkStatus;
  # `ok`: all of its sectors are in the memory object.
}

interface VirtioBlk {
  # The methods. The ordinal travels in the first word of a call, the parameters in the message page.

  info @0 () -> (
    status :BlkStatus,
    sectors :UInt64,
    sectorSize :UInt32,
    readOnly :Bool,
    base :UInt64,
    irq :UInt32,
    version :UInt32,
    deviceVersion :UInt32,
    queueDepth :UInt16,
    reads :UInt64,
    errors :UInt64,
    blockSize :UInt32
  );
  # What the disk is: its size in sectors, the bytes of a sector, the physical address and the interrupt of
  # its virtio-mmio slot, the version of this contract, the version of the transport (1 legacy, 2 modern), how
  # many requests can be under way, how many reads ended well and badly since the service began, and the bytes of the
  # device's own block: 512 to 4096, a power of two. A read begins and ends between two blocks.

  attach @1 (bytes :UInt64) -> (status :BlkStatus);
  # Shares the memory object whose capability travels beside this message. Its first `bytes` bytes are pinned
  # for the device, for this client alone, until the client attaches another or goes away.

  read @2 (lba :UInt64, count :UInt32, offset :UInt64) -> (status :BlkStatus, bytes :UInt32);
  # Reads `count` sectors from `lba` on, 1 to 256, to `offset` in the attached memory object. `bytes` is what
  # was written there: all that was asked for, or zero.

  write @3 (lba :UInt64, count :UInt32, offset :UInt64) -> (status :BlkStatus);
  # Always refused with `readOnly`, and audited.

  exchange @4 (orders :List(Order), waitFor :UInt32, patience :UInt32) -> (
    status :BlkStatus,
    endings :List(Ending)
  );
  # Starts every read in `orders`, and answers when at least `waitFor` reads of this client have ended, or none is under
  # way any more, or after `patience` milliseconds (0: no limit). `endings` has every read that has ended and was not told before, in the order in which they ended. A
  # read that is refused ends at once, with the status that `read` would have. If `status` is not `ok`, nothing was
  # started: `notAttached`, or `busy` if there would be more than `depthMax` reads whose end the client was not told, or
  # if another `exchange` of the same client waits. `attach` forgets the endings that were not told.
}
