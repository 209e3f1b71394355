@0xb83c5e1190d7f264;
# The package file system: what lies below `pkg://`, read-only.
#
# A path has no leading slash and no scheme: `fixtures/hello.txt`. The root is the empty path. Content is not
# carried in messages: a client attaches one memory object, and `read` writes to an offset in it.
#
# Every result begins with `status`. If it is not `ok`, the other fields of that result are zero or empty.

const version :UInt32 = 4;
# The version of this contract; `info` returns the one that the service speaks.

const pathBytesMax :UInt32 = 255;
# The longest path, in bytes of UTF-8.

const openFilesMax :UInt32 = 16;
# How many files one client may hold open.

const readBytesMax :UInt32 = 131072;
# 128 KiB: the most that one `read` may ask for.

const attachedBytesMax :UInt64 = 16777216;
# The largest memory object that a client may attach (16 MiB).

const sharedBytes :UInt32 = 131072;
# 128 KiB: how much of a file one `share` covers.

const entriesPerListMax :UInt32 = 8;
# How many entries one `list` returns at most: this many with names of `pathBytesMax` fit in a message.

enum FsStatus {
  # Why a request was refused, or that it was not.

  ok @0;
  # Done.

  badMessage @1;
  # The parameters were not a well-formed message of this method.

  unknownMethod @2;
  # The service has no method of this number.

  notFound @3;
  # There is nothing at this path.

  badPath @4;
  # The path is too long, not UTF-8, or has an empty, `.` or `..` part.

  notAFile @5;
  # The path names a directory.

  notADirectory @6;
  # The path names a file.

  badFile @7;
  # `file` is not one that this client has open.

  tooManyFiles @8;
  # The client holds `openFilesMax` files open.

  badLength @9;
  # `length` is above `readBytesMax`.

  notAttached @10;
  # The client has attached no memory object.

  attachRefused @11;
  # No memory object came with the message, it is smaller than `bytes`, or it may not be written.

  outOfMemoryObject @12;
  # The data would not all lie in the attached memory object.

  corrupt @13;
  # The content does not match its hash. Nothing of it was delivered.

  deviceError @14;
  # The disk could not be read.

  badCursor @15;
  # `cursor` is not one that `list` returned for this path.

  notShared @16;
  # Clients use as many shared pieces as there may be. The file can still be read.

  badOffset @17;
  # `offset` is no multiple of `sharedBytes`, or not below the file's size.

  busy @18;
  # The disk is slow, and as many requests wait for it as may, or another request of the same client came while this one
  # waited. What the cache has can still be read.
}

enum EntryKind {
  # What a path names.

  file @0;
  # Bytes with a size and a hash.

  directory @1;
  # A prefix that at least one file has.
}

enum FsSource {
  # Where the files come from.

  disk @0;
  # The image on the virtio disk, verified when it was mounted.

  fixtures @1;
  # The few files inside the boot bundle: there is no disk.
}

struct Entry {
  # One name in a directory.

  name @0 :Text;
  # The last part of its path.

  kind @1 :EntryKind;

  size @2 :UInt64;
  # In bytes; of a directory, zero.
}

interface PackageFs {
  # The methods. The ordinal travels in the first word of a call, the parameters in the message page.

  open @0 (path :Text) -> (status :FsStatus, file :UInt32, size :UInt64);
  # Opens a file for this client. `file` is a small number, good until `close`; `size` is in bytes.

  stat @1 (path :Text) -> (status :FsStatus, kind :EntryKind, size :UInt64, hash :Data);
  # What lies at a path. `hash` is of a file's content: 32 bytes, the first half of BLAKE2b-512; of a directory it is empty.

  read @2 (file :UInt32, offset :UInt64, length :UInt32, into :UInt64) -> (status :FsStatus, bytes :UInt32);
  # Reads up to `length` bytes from `offset` on, to `into` in the attached memory object. `bytes` is how many
  # were written there: fewer than asked for only at the end of the file, and zero from there on.

  list @3 (path :Text, cursor :UInt32) -> (status :FsStatus, entries :List(Entry), next :UInt32);
  # The names in a directory, in the byte order of their names, from `cursor` on; the first call passes zero.
  # `next` is the cursor to go on from, or zero after the last entry.

  close @4 (file :UInt32) -> (status :FsStatus);
  # Gives the number `file` back.

  attach @5 (bytes :UInt64) -> (status :FsStatus);
  # Shares the memory object whose capability travels beside this message: `read` writes into its first
  # `bytes` bytes, until the client attaches another or goes away.

  info @6 () -> (
    status :FsStatus,
    source :FsSource,
    files :UInt32,
    blocks :UInt32,
    blockSize :UInt32,
    version :UInt32,
    cacheHits :UInt64,
    cacheMisses :UInt64
  );
  # What is mounted: where from, how many files, how many blocks of `blockSize` bytes the image has, the
  # version of this contract, and what the cache has done so far.

  share @7 (file :UInt32, offset :UInt64) -> (status :FsStatus, bytes :UInt32);
  # Shares a piece of a file instead of copying it: up to `sharedBytes` from `offset` on, which is a multiple of that.
  # A memory object comes along, which can only be read; the piece is its first `bytes` bytes, and zeros follow. It
  # stays as it is for as long as the client has it. Every client of the piece gets the same one.
}
