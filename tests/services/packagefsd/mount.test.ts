// What packagefsd says when it starts: mounted, or refused with the block that is to blame.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../../toolchain/root.ts";
import { developmentKey, keyIdText, readKeyFile } from "../../../tools/mk-pkgfs-img/keys.ts";
import { Refusal } from "./fake-kernel.ts";
import { blockBytes, content, flipped, hello, image, partsOf, sameBytes, signedImage } from "./images.ts";
import { start } from "./running.ts";

const parts = partsOf(image);
const { id } = readKeyFile(join(root, developmentKey));
const signedLine = `pkgfs: signed by key ${keyIdText(id).slice(0, 16)} (development key: anybody can sign)`;
const mountedFromDisk = ["pkgfs: mounted from virtio-blk ro", signedLine];

describe("mounting", () => {
  test("an image on the disk", async () => {
    const { kernel, exitCode } = await start(image);
    expect(kernel.console).toEqual(mountedFromDisk);
    expect(exitCode).toBeUndefined();
    expect(kernel.signals).toEqual([1n]);
  });

  test("the fixtures, where there is no block service", async () => {
    const { kernel, exitCode, client } = await start(image, { source: "fixtures" });
    expect(kernel.console).toEqual(["pkgfs: mounted from fixtures (no block device)"]);
    expect(exitCode).toBeUndefined();
    expect(client(1).call("info")).toMatchObject({ status: "ok", source: "fixtures", files: 25 });
    const vmo = client(1).attach(4096);
    expect(client(1).read(vmo, client(1).open("fixtures/hello.txt"), 0, 4096).content).toEqual(hello);
  });

  test("nothing, where there is neither", async () => {
    const { kernel, exitCode } = await start(image, { source: "none" });
    expect(kernel.console).toEqual(["pkgfs: nothing to mount (no block device, no fixtures)"]);
    expect(exitCode).toBe(1);
    expect(kernel.signals).toEqual([]);
  });

  test("an image whose tree has two levels, on a disk that is larger than the image", async () => {
    const deep = signedImage([{ path: "large", content: content(160 * blockBytes, 3) }]);
    const disk = new Uint8Array(deep.length + 10 * blockBytes);
    disk.set(deep);
    const { kernel, client } = await start(disk);
    expect(kernel.console).toEqual(mountedFromDisk);
    expect(client(1).call("info").blocks).toBe(deep.length / blockBytes);
  });
});

describe("a disk that is not to be believed is refused, and the fixtures do not take its place", () => {
  async function refusal(bytes: Uint8Array): Promise<string> {
    const { kernel, exitCode } = await start(bytes, { source: "both" });
    expect(exitCode).toBe(1);
    expect(kernel.signals).toEqual([]);
    expect(kernel.console).toHaveLength(1);
    return kernel.console[0] ?? "";
  }

  test.each([
    ["magic", 0, "not a package image at block 0"],
    ["version", 8, "unknown version at block 0"],
    ["index", blockBytes + 20, "index does not match its hash at block 1"],
    [
      "string table",
      parts.strings * blockBytes,
      `string table does not match its hash at block ${parts.strings}`,
    ],
    ["root hash", 64, "superblock does not match its hash at block 0"],
    [
      "tree's top",
      (parts.count - 1) * blockBytes,
      `hash tree does not match its root at block ${parts.count - 1}`,
    ],
    ["hash tree", parts.tree * blockBytes, `hash tree does not match its root at block ${parts.tree}`],
    ["first data", parts.data * blockBytes + 5, `data does not match its hash at block ${parts.data}`],
  ])("a flipped bit in the %s names its block", async (_part, offset, words) => {
    expect(await refusal(flipped(image, offset))).toBe(`pkgfs: image refused: ${words}`);
  });

  test("a disk of zeros, and one that is too short", async () => {
    expect(await refusal(new Uint8Array(8 * blockBytes))).toBe(
      "pkgfs: image refused: not a package image at block 0",
    );
    expect(await refusal(image.subarray(0, image.length - blockBytes))).toBe(
      "pkgfs: image refused: image is longer than what it lies on at block 0",
    );
    expect(await refusal(new Uint8Array(512))).toBe(
      "pkgfs: image refused: image is longer than what it lies on at block 0",
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
    expect(kernel.console).toEqual(["pkgfs: image refused: block could not be read at block 0"]);
    expect(exitCode).toBe(1);
  });

  test("a disk whose sectors have another size", async () => {
    const { kernel } = await start(image, {
      source: "both",
      prepare: (disk) => {
        disk.sectorSize = 4096;
      },
    });
    expect(kernel.console).toEqual(["pkgfs: image refused: block could not be read at block 0"]);
  });
});

test("a flipped bit in any block is refused when mounting or when that block is read, and never delivered", async () => {
  const small = signedImage([
    { path: "a", content: content(2 * blockBytes + 9, 5) },
    { path: "b", content: content(blockBytes, 6) },
  ]);
  const { data, tree, count } = partsOf(small);
  for (let block = 0; block < count; block++) {
    const { kernel, client } = await start(flipped(small, block * blockBytes + 100));
    if (block <= data || block >= tree) {
      expect(kernel.console[0]).toMatch(new RegExp(`^pkgfs: image refused: .* at block ${block}$`));
      continue;
    }
    expect(kernel.console).toEqual(mountedFromDisk);
    const vmo = client(1).attach(4 * blockBytes);
    const [path, otherPath] = block < data + 3 ? ["a", "b"] : ["b", "a"];
    const before = vmo.content.slice();
    expect(client(1).read(vmo, client(1).open(path), 0, 3 * blockBytes).status).toBe("corrupt");
    expect(sameBytes(vmo.content, before)).toBe(true);
    expect(client(1).read(vmo, client(1).open(otherPath), 0, 3 * blockBytes).status).toBe("ok");
  }
});
