// The reader of package images: an image of a signer with bad intentions, and one that a disk has damaged.
//
// An input changes one of a few images. Its first byte chooses the image, its second whether the hashes are made right
// again afterwards: otherwise the reader would never come past them. Then come changes of up to seven bytes:
//
//     | region | offset (2 bytes) | length | bytes | …

import { createHash } from "node:crypto";
import type { ImageFile } from "../../../host/pkgimg/image.ts";
import { buildImage } from "../../../host/pkgimg/layout.ts";
import { FuzzGuest } from "../engine/guest.ts";
import { promise, type Target } from "../engine/target.ts";

const INPUT_BYTES_MAX = 512;
const BLOCK_BYTES = 4096;
const HASH_BYTES = 32;
const CHANGE_BYTES_MAX = 7;
const SUPERBLOCK_BYTES = 512;
/** Words of the superblock (docs/storage/package-image.md). */
const place = { index: 28, strings: 36, data: 44, tree: 52, rootHash: 64, checksum: 136 } as const;
/** The reader's memory and hashing take more turns than other targets' code. */
const FUEL = 20_000_000;
const ENTRIES_MAX = 64;
const NO_ENTRY = -1;
const SLASH = 0x2f;

const seal = { nothing: 0, superblock: 1, all: 2 } as const;

function file(path: string, byteLength: number, isRandom = true): ImageFile {
  const content = Uint8Array.from({ length: byteLength }, (_, index) =>
    isRandom ? index * 7 + byteLength : index >> 6,
  );
  return { path, content };
}

const images: readonly Uint8Array[] = [
  buildImage([
    file("bin/nx", 5000),
    file("a/deep", 17),
    file("a-b", 4096),
    file("empty", 0),
    file("grüße", 300),
  ]),
  buildImage([file("packed", 20_000, false), file("small", 100, false)], { compress: true }),
  buildImage([file("empty", 0)]),
];

/** The image that an input describes. */
function imageOf(input: Uint8Array): Buffer {
  const image = Buffer.from(images[(input[0] ?? 0) % images.length] ?? []);
  const word = (at: number): number => image.readUInt32LE(at);
  const starts = [0, word(place.index), word(place.strings), word(place.data), word(place.tree)];
  const treeBlock = word(place.tree);
  for (let at = 2; at + 4 <= input.length; ) {
    const [region = 0, low = 0, high = 0, count = 0] = input.subarray(at, at + 4);
    const offset = low | (high << 8);
    const isHead = region % starts.length === 0;
    const start = (starts[region % starts.length] ?? 0) * BLOCK_BYTES;
    const bytes = input.subarray(at + 4, at + 4 + (count & CHANGE_BYTES_MAX));
    const to = start + (isHead ? offset % SUPERBLOCK_BYTES : offset);
    if (to + bytes.length <= image.length) {
      image.set(bytes, to);
    }
    at += 4 + (count & CHANGE_BYTES_MAX);
  }
  makeRight(image, treeBlock, (input[1] ?? 0) % 3);
  return image;
}

function hashOf(bytes: Uint8Array): Buffer {
  return createHash("blake2b512").update(bytes).digest().subarray(0, HASH_BYTES);
}

/** Makes the hash tree at its true place right, and the superblock's own hash. */
function makeRight(image: Buffer, treeBlock: number, what: number): void {
  if (what === seal.nothing) {
    return;
  }
  const hashes = (from: number, to: number): Buffer[] =>
    Array.from({ length: to - from }, (_, index) =>
      hashOf(image.subarray((from + index) * BLOCK_BYTES, (from + index + 1) * BLOCK_BYTES)),
    );
  if (what === seal.all) {
    // So few blocks have a tree of one block.
    Buffer.concat(hashes(1, treeBlock)).copy(image, treeBlock * BLOCK_BYTES);
    hashes(treeBlock, treeBlock + 1)[0]?.copy(image, place.rootHash);
  }
  hashOf(image.subarray(0, place.checksum)).copy(image, place.checksum);
}

/** Reads everything that an accepted image has. */
function readAll(guest: FuzzGuest, imageBytes: number): void {
  const count = guest.call("entryCount");
  let last = new Uint8Array();
  for (let entry = 0; entry < Math.min(count, ENTRIES_MAX); entry++) {
    promise(guest.call("pick", entry) === 0, "an entry of a checked index cannot be picked");
    const path = guest.get(guest.call("path"), guest.call("pathLength"));
    // A slash is before all other characters (docs/storage/package-image.md).
    const sortable = path.map((byte) => (byte === SLASH ? 0 : byte));
    promise(entry === 0 || Buffer.compare(last, sortable) < 0, "paths of a checked index are not in order");
    last = sortable;
    const end = (guest.call("byteOffset") >>> 0) + (guest.call("storedBytes") >>> 0);
    promise(end <= imageBytes, "a file of a checked index ends outside of the image");
    const isCompressed = guest.call("isCompressed") !== 0;
    new Uint8Array(guest.memory.buffer).set(path, guest.call("pathBuffer"));
    promise(guest.call("lookUp", path.length) === entry, "a path of a checked index is not found");
    guest.call("verifyFiles", entry, 1);
    guest.call("pick", entry);
    if (isCompressed) {
      guest.call("decompressedCluster", 0);
      guest.call("decompressedCluster", 1);
    }
  }
  for (let child = guest.call("first", 0), turns = 0; child !== NO_ENTRY; turns++) {
    promise(turns <= count, "a directory does not end");
    guest.call("isDirectory", 0);
    child = guest.call("next", 0);
  }
}

export const image: Target = {
  name: "image",
  about: "the reader of package images",
  inputBytesMax: INPUT_BYTES_MAX,
  isText: false,
  start: async () => {
    let current: Uint8Array = new Uint8Array();
    let guest: FuzzGuest | undefined;
    const readBlock = (block: number, target: number): number => {
      const start = (block >>> 0) * BLOCK_BYTES;
      if (guest === undefined || start + BLOCK_BYTES > current.length) {
        return 0;
      }
      new Uint8Array(guest.memory.buffer).set(current.subarray(start, start + BLOCK_BYTES), target >>> 0);
      return 1;
    };
    const started = await FuzzGuest.start({
      text: `export * from "pkgimg/host";`,
      inputBytesMax: INPUT_BYTES_MAX,
      imports: { host: { readBlock } },
      fuel: FUEL,
    });
    guest = started;
    const headWords = [8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60];
    const change = (region: number, offset: number): number[] => [
      region,
      offset & 255,
      offset >> 8,
      4,
      1,
      0,
      0,
      0,
    ];
    return started.running({
      seeds: [
        ...images.map((_, index) => Uint8Array.of(index, 0)),
        ...headWords.map((at) => Uint8Array.of(0, seal.superblock, ...change(0, at))),
        ...[0, 4, 8, 12, 16, 24].map((at) => Uint8Array.of(1, seal.all, ...change(1, at))),
        ...[2, 3, 4].map((region) => Uint8Array.of(1, seal.all, ...change(region, 0))),
      ],
      dictionary: started.dictionary,
      run: (input) => {
        current = imageOf(input);
        started.begin();
        const error = started.call("open", current.length / BLOCK_BYTES);
        if (error === 0) {
          readAll(started, current.length);
        }
      },
    });
  },
};
