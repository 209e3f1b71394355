// Compressed files through packagefsd: they have the same bytes as uncompressed ones, each cluster is decompressed once, and if a
// cluster cannot be decompressed, no part of the read is delivered.

import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ImageFile } from "../../../host/pkgimg/image.ts";
import { DEVELOPMENT_KEY, readKeyFile } from "../../../host/pkgimg/keys.ts";
import { buildImage } from "../../../host/pkgimg/layout.ts";
import { signSuperblock } from "../../../host/pkgimg/sign.ts";
import { root } from "../../../host/root.ts";
import { Refusal, Syscall } from "../../harness/abi.ts";
import { entry, Forge } from "../../libs/pkgimg/forge.ts";
import { BLOCK_BYTES, content, sameBytes } from "./images.ts";
import { type Client, type Running, start } from "./running.ts";

const CLUSTER_BYTES = 16_384;
const READ_MAX = 131_072;

const key = readKeyFile(join(root, DEVELOPMENT_KEY));

/** Text with some noise, so that some clusters compress well, some a little, and some not at all. */
function speckled(byteLength: number, seed: number): Uint8Array {
  const bytes = Buffer.alloc(byteLength, "a line of text that is there again and again, ");
  for (let at = 0; at < byteLength; at += 40_000) {
    bytes.set(content(Math.min(17_000, byteLength - at), seed + at), at);
  }
  return new Uint8Array(bytes);
}

const long = speckled(400_001, 1);
const short = speckled(19_000, 7).slice(17_000).slice(0, 1000);
const text = new Uint8Array(Buffer.alloc(30_000, "short and compressed well; "));
const files: readonly ImageFile[] = [
  { path: "long", content: long },
  { path: "short", content: short },
  { path: "text", content: text },
];
const image = buildImage(files, { key, compress: true });

interface Opened extends Running {
  read(
    path: string,
    offset: number,
    length: number,
  ): { status: unknown; content: Uint8Array; isUntouched: boolean };
}

async function opened(bytes: Uint8Array = image, source: "disk" | "fixtures" = "disk"): Promise<Opened> {
  const running = await start(bytes, { source });
  const one: Client = running.client(1);
  const vmo = one.attach(READ_MAX);
  const numbers = new Map(files.map(({ path }) => [path, one.open(path)]));
  return {
    ...running,
    read: (path, offset, length) => {
      vmo.content.fill(0xab);
      const { status, content: found } = one.read(vmo, numbers.get(path) ?? 0, offset, length);
      return { status, content: found, isUntouched: vmo.content.every((byte) => byte === 0xab) };
    },
  };
}

describe("a compressed file", () => {
  test("has the same size and bytes as without compression", async () => {
    const { client, read } = await opened();
    expect(client(2).call("stat", { path: "long" })).toMatchObject({
      kind: "file",
      size: BigInt(long.length),
    });
    fc.assert(
      fc.property(fc.nat(long.length + 10), fc.integer({ min: 0, max: READ_MAX }), (offset, length) => {
        const { status, content: found } = read("long", offset, length);
        expect(status).toBe("ok");
        expect(sameBytes(found, long.subarray(offset, offset + length))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("can be read in pieces of any size, beside another file", async () => {
    const { read } = await opened();
    for (const piece of [1000, BLOCK_BYTES, CLUSTER_BYTES, CLUSTER_BYTES + 1, READ_MAX]) {
      for (let at = 0; at < text.length; at += piece) {
        expect(sameBytes(read("text", at, piece).content, text.subarray(at, at + piece))).toBe(true);
        expect(sameBytes(read("long", at, 10).content, long.subarray(at, at + 10))).toBe(true);
      }
    }
  });

  test("can be read from the fixtures too", async () => {
    const { read } = await opened(image, "fixtures");
    expect(
      sameBytes(read("long", 100_000, READ_MAX).content, long.subarray(100_000, 100_000 + READ_MAX)),
    ).toBe(true);
  });

  test("needs fewer reads of the disk than an uncompressed one, and none for what was read just before", async () => {
    const reads = async (bytes: Uint8Array): Promise<number> => {
      const { disk, read } = await opened(bytes);
      disk.reads.length = 0;
      expect(sameBytes(read("text", 0, text.length).content, text)).toBe(true);
      const blocks = disk.reads.reduce((sum, { count }) => sum + (count * 512) / BLOCK_BYTES, 0);
      disk.reads.length = 0;
      read("text", 0, 100);
      read("text", text.length - 100, 100);
      expect(disk.reads).toEqual([]);
      return blocks;
    };
    expect(await reads(image)).toBeLessThan((await reads(buildImage(files, { key }))) / 2);
  });
});

/** The image with one change of its compressed file `text`, sealed and signed again. */
function forged(change: (image: Forge, start: number) => void): Uint8Array {
  const forge = new Forge(files, { compress: true });
  const start = forge.get(forge.at("indexBlock", 2 * 64 + entry.byteOffset));
  change(forge, start);
  forge.seal();
  signSuperblock(forge.bytes, key);
  return forge.bytes;
}

describe("a cluster that cannot be had", () => {
  test.each([
    ["as it is stored", 0],
    ["as what it becomes", 1],
  ])("as there is no memory for it %s, is told, and there may be some later", async (_, nth) => {
    const { kernel, read } = await opened();
    let made = 0;
    kernel.refuse = ({ number }) =>
      number === Syscall.CreateVmo && made++ === nth ? Refusal.NoMemory : undefined;
    expect(read("text", 0, 100)).toMatchObject({ status: "deviceError", isUntouched: true });
    expect(sameBytes(read("text", 0, 100).content, text.subarray(0, 100))).toBe(true);
    expect(made).toBeGreaterThan(nth + 1);
  });

  test("as the disk is silent when its table is read, is told", async () => {
    const { disk, read } = await opened();
    let silences = 1;
    disk.misbehave = () => (silences-- > 0 ? "timedOut" : undefined);
    expect(read("text", 20_000, 100)).toMatchObject({ status: "deviceError", isUntouched: true });
    expect(sameBytes(read("text", 20_000, 100).content, text.subarray(20_000, 20_100))).toBe(true);
  });
});

describe("a file that cannot be decompressed", () => {
  test.each([
    ["a cluster that is cut off", (image: Forge, start: number) => image.set(start, image.get(start) - 1)],
    [
      "a table that leads out of the file",
      (image: Forge, start: number) => image.set(start + 4, 0x7000_0000),
    ],
    ["a distance of zero", (image: Forge, start: number) => image.bytes.fill(0, start + 9, start + 60)],
  ])("(%s) is reported as corrupt, and no part of it is delivered", async (_, change) => {
    const { kernel, read } = await opened(forged(change));
    expect(read("text", 0, text.length)).toMatchObject({ status: "corrupt", isUntouched: true });
    expect(kernel.console.at(-1)).toMatch(
      /^pkgfs: block \d+: a compressed file cannot be decompressed \(its hash is right\)\n$/,
    );
    expect(sameBytes(read("long", 0, READ_MAX).content, long.subarray(0, READ_MAX))).toBe(true);
    expect(sameBytes(read("short", 0, short.length).content, short)).toBe(true);
  });

  test("because a block was damaged on its way is read again, and then refused", async () => {
    const { disk, read } = await opened();
    let damages = 1;
    disk.misbehave = () => {
      damages -= 1;
      return damages >= 0 ? (bytes) => bytes.fill(0x66, 100, 101) : undefined;
    };
    expect(sameBytes(read("text", 0, 100).content, text.subarray(0, 100))).toBe(true);
    disk.misbehave = () => (bytes) => bytes.fill(0x66, 100, 101);
    expect(read("long", 300_000, 100)).toMatchObject({ status: "corrupt", isUntouched: true });
    disk.misbehave = () => undefined;
    expect(sameBytes(read("long", 300_000, 100).content, long.subarray(300_000, 300_100))).toBe(true);
  });
});
