// What packagefsd reports when it starts: mounted, or refused, with the number of the wrong block.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DEVELOPMENT_KEY, keyIdText, readKeyFile } from "../../../host/pkgimg/keys.ts";
import { root } from "../../../host/root.ts";
import { Audit, ExitCode, Refusal } from "../../harness/abi.ts";
import { defined } from "../../harness/defined.ts";
import { FakeVmo } from "../../harness/fake-kernel/kernel.ts";
import {
  BLOCK_BYTES,
  content,
  flipped,
  hello,
  image,
  large,
  partsOf,
  sameBytes,
  signedImage,
} from "./images.ts";
import { type Running, start } from "./running.ts";

const SECTORS_PER_BLOCK = BLOCK_BYTES / 512;
const parts = partsOf(image);
const { id } = readKeyFile(join(root, DEVELOPMENT_KEY));
const signedLine = `pkgfs: signed by key ${keyIdText(id).slice(0, 16)} (development key: anyone can sign)`;
const mountedFromDisk = ["pkgfs: mounted from virtio-blk ro", signedLine];

describe("mounting", () => {
  test("an image on the disk", async () => {
    const { kernel, signals, exitCode } = await start(image);
    expect(kernel.lines).toEqual(mountedFromDisk);
    expect(exitCode).toBeUndefined();
    expect(signals).toEqual([1n]);
  });

  test("the fixtures, if there is no block service", async () => {
    const { kernel, exitCode, client } = await start(image, { source: "fixtures" });
    expect(kernel.lines).toEqual(["pkgfs: mounted from fixtures (no block device)"]);
    expect(exitCode).toBeUndefined();
    expect(client(1).call("info")).toMatchObject({ status: "ok", source: "fixtures", files: 25 });
    const vmo = client(1).attach(4096);
    expect(client(1).read(vmo, client(1).open("fixtures/hello.txt"), 0, 4096).content).toEqual(hello);
  });

  test("nothing, if there is neither", async () => {
    const { kernel, signals, exitCode } = await start(image, { source: "none" });
    expect(kernel.lines).toEqual(["pkgfs: nothing to mount (no block device, no fixtures)"]);
    expect(exitCode).toBe(ExitCode.NotMounted);
    expect(signals).toEqual([]);
  });

  test("an image whose tree has two levels, on a disk that is larger than the image", async () => {
    const deep = signedImage([{ path: "large", content: content(160 * BLOCK_BYTES, 3) }]);
    const disk = new Uint8Array(deep.length + 10 * BLOCK_BYTES);
    disk.set(deep);
    const { kernel, client } = await start(disk);
    expect(kernel.lines).toEqual(mountedFromDisk);
    expect(client(1).call("info").blocks).toBe(deep.length / BLOCK_BYTES);
  });
});

describe("a wrong disk is refused, and the fixtures are not used in its place", () => {
  async function refusal(bytes: Uint8Array): Promise<string> {
    const { kernel, signals, exitCode } = await start(bytes, { source: "both" });
    expect(exitCode).toBe(ExitCode.NotMounted);
    expect(signals).toEqual([]);
    expect(kernel.lines).toHaveLength(1);
    expect(kernel.audit).toEqual([[Audit.ImageRefused, expect.any(BigInt), expect.any(BigInt)]]);
    return defined(kernel.lines[0]);
  }

  test.each([
    ["magic", 0, "not a package image at block 0"],
    ["version", 8, "unknown version at block 0"],
    ["index", BLOCK_BYTES + 20, "index does not match its hash at block 1"],
    [
      "string table",
      parts.strings * BLOCK_BYTES,
      `string table does not match its hash at block ${parts.strings}`,
    ],
    ["root hash", 64, "superblock does not match its hash at block 0"],
    [
      "tree's top",
      (parts.count - 1) * BLOCK_BYTES,
      `hash tree does not match its root at block ${parts.count - 1}`,
    ],
    ["hash tree", parts.tree * BLOCK_BYTES, `hash tree does not match its root at block ${parts.tree}`],
    ["first data", parts.data * BLOCK_BYTES + 5, `data does not match its hash at block ${parts.data}`],
  ])("after a bit is flipped in the %s, the refusal names its block", async (_part, offset, words) => {
    expect(await refusal(flipped(image, offset))).toBe(`pkgfs: image refused: ${words}`);
  });

  test("an older image than the one that a life before mounted, and nothing is forgotten by that", async () => {
    let page = new Uint8Array(BLOCK_BYTES);
    const released = (sequence: bigint): Uint8Array =>
      signedImage([{ path: "release", content: content(100, Number(sequence)) }], { sequence });
    const mounts = async (sequence: bigint): Promise<string> => {
      const memory = FakeVmo.of(page);
      const { kernel, exitCode } = await start(released(sequence), { memory });
      page = memory.content.slice();
      expect(exitCode).toBe(kernel.lines[0] === mountedFromDisk[0] ? undefined : ExitCode.NotMounted);
      return defined(kernel.lines[0]);
    };
    const older =
      "pkgfs: image refused: older than one that was mounted before, or than this build accepts at block 0";
    expect(await mounts(3n)).toBe(mountedFromDisk[0]);
    expect(await mounts(3n)).toBe(mountedFromDisk[0]);
    expect(await mounts(2n)).toBe(older);
    expect(await mounts(7n)).toBe(mountedFromDisk[0]);
    for (const sequence of [6n, 3n, 0n]) {
      expect(await mounts(sequence)).toBe(older);
    }
    expect(await mounts(7n)).toBe(mountedFromDisk[0]);
  });

  test("an image that is refused for another reason is not remembered", async () => {
    const memory = FakeVmo.of(new Uint8Array(BLOCK_BYTES));
    const newer = signedImage([{ path: "a", content: hello }], { sequence: 9n });
    await start(flipped(newer, BLOCK_BYTES + 20), { memory });
    const next = { memory: FakeVmo.of(memory.content) };
    expect((await start(image, next)).kernel.lines).toEqual(mountedFromDisk);
  });

  test("every image, without the memory of the lives before", async () => {
    const { kernel, exitCode } = await start(image, { memory: "none" });
    expect(kernel.lines).toEqual(["pkgfs: no memory of what was mounted before"]);
    expect(exitCode).toBe(ExitCode.NotMounted);
  });

  test("an image of the previous format", async () => {
    const old = image.slice();
    old[8] = 1;
    expect(await refusal(old)).toBe(
      "pkgfs: image refused: written in format 1, which is no longer read: build it again (./nx image build) at block 0",
    );
  });

  test("a disk of zeros, and a disk that is too short", async () => {
    expect(await refusal(new Uint8Array(8 * BLOCK_BYTES))).toBe(
      "pkgfs: image refused: not a package image at block 0",
    );
    expect(await refusal(image.subarray(0, image.length - BLOCK_BYTES))).toBe(
      "pkgfs: image refused: image is longer than its disk or file at block 0",
    );
    expect(await refusal(new Uint8Array(512))).toBe(
      "pkgfs: image refused: its disk or file is smaller than one block of 4096 bytes at block 0",
    );
  });

  test.each([
    ["that gives an error", "deviceError"],
    ["that never answers", Refusal.TimedOut],
    ["that is gone", Refusal.PeerGone],
  ])("a disk %s", async (_what, misbehaviour) => {
    const { kernel, exitCode } = await start(image, {
      source: "both",
      prepare: (disk) => {
        disk.misbehave = () => misbehaviour;
      },
    });
    expect(kernel.lines).toEqual(["pkgfs: image refused: block could not be read at block 0"]);
    expect(exitCode).toBe(ExitCode.NotMounted);
  });

  test("a disk whose sectors have another size", async () => {
    const { kernel } = await start(image, {
      source: "both",
      prepare: (disk) => {
        disk.sectorSize = 4096;
      },
    });
    expect(kernel.lines).toEqual(["pkgfs: image refused: block could not be read at block 0"]);
  });
});

describe("a block that was damaged on its way from the disk", () => {
  /** Mounts while bit 0 of the first byte is flipped in the reads with these numbers, counted from 1. */
  async function damaged(reads: readonly number[]): Promise<Running> {
    let count = 0;
    return await start(image, {
      source: "both",
      prepare: (disk) => {
        disk.misbehave = () => {
          count += 1;
          return reads.includes(count) ? (bytes) => bytes.set([defined(bytes[0]) ^ 1]) : undefined;
        };
      },
    });
  }
  const readsOfMount = 5;

  test("is read again, no matter which block it is, and is reported and recorded once", async () => {
    const blocks = new Set<bigint | number>();
    for (let read = 1; read <= readsOfMount; read += 1) {
      const { kernel, exitCode, disk } = await damaged([read]);
      expect(exitCode).toBeUndefined();
      const [said, ...mounted] = kernel.lines;
      const [, block, reason] = defined(
        /^pkgfs: block (\d+) was damaged on its way \((.+)\); read again$/.exec(defined(said)),
      );
      expect(mounted).toEqual(mountedFromDisk);
      expect(reason).toMatch(/does not match its|not a package image/);
      expect(kernel.audit).toEqual([[Audit.ImageRefused, expect.any(BigInt), BigInt(defined(block))]]);
      expect(disk.reads.length).toBeGreaterThan(readsOfMount);
      blocks.add(Number(block));
    }
    // The superblock, the index, the tree above it and the data.
    expect([...blocks]).toEqual(expect.arrayContaining([0, 1, parts.data, parts.tree]));
    const whole = await damaged([]);
    expect(whole.disk.reads).toHaveLength(readsOfMount);
  });

  test("is refused if it is wrong the second time too, with only the usual line", async () => {
    const { kernel, exitCode, disk } = await damaged([1, 2]);
    expect(exitCode).toBe(ExitCode.NotMounted);
    expect(kernel.lines).toEqual(["pkgfs: image refused: not a package image at block 0"]);
    expect(disk.reads).toHaveLength(2);
  });
});

test("a flipped bit in any block is refused when mounting or when that block is read, and never delivered", async () => {
  const small = signedImage([
    { path: "a", content: content(2 * BLOCK_BYTES + 9, 5) },
    { path: "b", content: content(BLOCK_BYTES, 6) },
  ]);
  const { data, tree, count } = partsOf(small);
  for (let block = 0; block < count; block++) {
    const { kernel, client } = await start(flipped(small, block * BLOCK_BYTES + 100));
    if (block <= data || block >= tree) {
      expect(kernel.lines[0]).toMatch(new RegExp(`^pkgfs: image refused: .* at block ${block}$`));
      continue;
    }
    expect(kernel.lines).toEqual(mountedFromDisk);
    const vmo = client(1).attach(4 * BLOCK_BYTES);
    const [path, otherPath] = block < data + 3 ? ["a", "b"] : ["b", "a"];
    const before = vmo.content.slice();
    expect(client(1).read(vmo, client(1).open(path), 0, 3 * BLOCK_BYTES).status).toBe("corrupt");
    expect(sameBytes(vmo.content, before)).toBe(true);
    expect(kernel.lines.slice(2)).toEqual([`pkgfs: block ${block} does not match its hash (data)`]);
    expect(kernel.audit).toEqual([[Audit.ImageRefused, expect.any(BigInt), BigInt(block)]]);
    expect(client(1).read(vmo, client(1).open(otherPath), 0, 3 * BLOCK_BYTES).status).toBe("ok");
  }
});

describe("a block that goes bad after the image was mounted", () => {
  // Index and paths of several blocks each, and a file larger than the cache.
  const name = (number: number): string => `group/file-of-a-longer-name-${String(number).padStart(3, "0")}`;
  const numbered = Array.from({ length: 400 }, (_, number) => ({ path: name(number), content: hello }));
  const wide = signedImage([{ path: "a", content: large }, ...numbered]);
  const { strings, data } = partsOf(wide);

  test.each([
    ["index", 1],
    ["paths", strings],
    ["data", data],
  ])(
    "of the %s is named, a few times on the console and each time in the audit trail",
    async (part, block) => {
      const { kernel, disk, client } = await start(wide.slice());
      const vmo = client(1).attach(131_072);
      const file = client(1).open("a");
      // Now the cache has only the end of the large file.
      for (let at = 0; at < large.length; at += 131_072) {
        client(1).read(vmo, file, at, 131_072);
      }
      const offset = block * BLOCK_BYTES + 7;
      disk.image[offset] = defined(disk.image[offset]) ^ 1;

      for (let turn = 0; turn < 20; turn += 1) {
        const isData = part === "data";
        const { status } = isData
          ? client(1).read(vmo, file, 0, 4096)
          : client(1).call("stat", { path: name(0) });
        expect(status).toBe("corrupt");
      }
      const line = `pkgfs: block ${block} does not match its hash (${part})`;
      const last = `pkgfs: block ${block} does not match its hash (${part}; no more lines about blocks)`;
      expect(kernel.lines.slice(2)).toEqual([...Array.from({ length: 15 }, () => line), last]);
      const records = Array.from({ length: 20 }, () => [
        Audit.ImageRefused,
        expect.any(BigInt),
        BigInt(block),
      ]);
      expect(kernel.audit).toEqual(records);
    },
  );

  test("once, or beyond what a search needs, does not turn a missing file into a corrupt one", async () => {
    const { kernel, disk, client } = await start(wide);
    const vmo = client(1).attach(131_072);
    const file = client(1).open("a");
    const pushOut = (): void => {
      for (let at = 0; at < large.length; at += 131_072) {
        client(1).read(vmo, file, at, 131_072);
      }
    };
    const somewhere = [0, 57, 114, 171, 228, 285, 342, 399];
    for (const isOnce of [true, false]) {
      for (const path of somewhere.map(name)) {
        disk.misbehave = () => undefined;
        pushOut();
        const seen = new Set<number>();
        disk.misbehave = ({ lba, count }) => {
          const isFirst = !seen.has(lba);
          seen.add(lba);
          if (isOnce) {
            return isFirst ? (bytes) => bytes.fill(0x66, 0, 1) : undefined;
          }
          return count > SECTORS_PER_BLOCK ? (bytes) => bytes.fill(0x66, BLOCK_BYTES) : undefined;
        };
        expect(client(1).call("stat", { path: `${path}+` }).status).toBe("notFound");
        expect(client(1).call("stat", { path }).status).toBe("ok");
      }
    }
    const said = kernel.lines.slice(2);
    expect(said.length).toBeGreaterThan(2);
    for (const line of said) {
      expect(line).toMatch(/^pkgfs: block \d+ was damaged on its way /);
    }
  });
});
