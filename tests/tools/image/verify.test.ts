// An image that is checked on several threads: for each fault, the answer is the one that a single thread gives.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ImageReader } from "../../../tools/image/reader.ts";
import { VerifyThreads, verifyOnThreads } from "../../../tools/image/verify.ts";
import { defined } from "../../harness/defined.ts";
import { scratchForFile } from "../../harness/scratch.ts";
import { entry, Forge, file, superblock } from "../../libs/pkgimg/forge.ts";

const PIECE_BYTES = 16_384;
const THREADS = 3;

/** Runs of small files before, between and behind two large ones; the last is large as well, then there is an empty one. */
const files = [
  ...Array.from({ length: 9 }, (_, number) => file(`a${number}`, 3000 + number)),
  file("b-large", 5 * PIECE_BYTES + 7),
  file("c", 5),
  file("d-large", 2 * PIECE_BYTES),
  ...Array.from({ length: 5 }, (_, number) => file(`e${number}`, 9000)),
  file("f-large", PIECE_BYTES + 1),
  file("g", 0),
];
const LARGE = 9;

const folder = scratchForFile("nx-verify-");

/** They check all images: their start takes longer than the check of one. */
let threads: VerifyThreads;
beforeAll(() => {
  threads = new VerifyThreads(THREADS);
});
afterAll(() => threads.end());

/** What is said of an image, by one thread and by several. */
async function verdicts(forged: Forge): Promise<[string, string]> {
  const name = join(folder, "image");
  writeFileSync(name, forged.bytes);
  const image = await ImageReader.open(name);
  const said = async (verify: () => unknown): Promise<string> => {
    try {
      await verify();
      return "all matches";
    } catch (error) {
      return error instanceof Error ? error.message.replace(`${name} is refused: `, "") : "";
    }
  };
  try {
    return [await said(() => image.verify()), await said(() => threads.verify(image, PIECE_BYTES))];
  } finally {
    image.close();
  }
}

describe("on threads", () => {
  const dataBlock = new Forge(files).get(superblock.dataBlock);
  const treeBlock = new Forge(files).get(superblock.treeBlock);

  test("an image as it was built matches", async () => {
    expect(await verdicts(new Forge(files))).toEqual(["all matches", "all matches"]);
  });

  test("a bit that changed in a block of data is found in that block, whichever it is", async () => {
    for (let block = dataBlock; block < treeBlock; block += 1) {
      const said = `data does not match its hash (block ${block})`;
      expect(await verdicts(new Forge(files).flip(block * 4096 + 1))).toEqual([said, said]);
    }
  });

  test("the same holds for compressed files, whose stored bytes are many as well", async () => {
    const noise = (byte: number): number => (Math.imul(byte + 1, 0x9e37_79b1) >>> 15) ^ (byte >>> 3);
    const content = Uint8Array.from({ length: 10 * PIECE_BYTES }, (_, index) =>
      index % 8192 < 4096 ? noise(index) : 0,
    );
    const compressed = (): Forge => new Forge([...files, { path: "h-large", content }], { compress: true });
    const [dataBlock, treeBlock] = [superblock.dataBlock, superblock.treeBlock].map((at) =>
      compressed().get(at),
    );
    expect(await verdicts(compressed())).toEqual(["all matches", "all matches"]);
    for (let block = defined(dataBlock); block < defined(treeBlock); block += 1) {
      const said = `data does not match its hash (block ${block})`;
      expect(await verdicts(compressed().flip(block * 4096 + 1))).toEqual([said, said]);
    }
  });

  test("of two that changed, the first is named", async () => {
    const said = `data does not match its hash (block ${dataBlock + 1})`;
    for (const other of [dataBlock + 2, dataBlock + 15, treeBlock - 1]) {
      const forged = new Forge(files).flip((dataBlock + 1) * 4096).flip(other * 4096);
      expect(await verdicts(forged)).toEqual([said, said]);
    }
  });

  test.each([0, LARGE, 10, 11, 17, 18])(
    "a hash in entry %i that is of another file is found",
    async (number) => {
      const forged = new Forge(files);
      forged.flip(forged.at("indexBlock", number * 64 + entry.hash)).seal();
      const said = `file does not match its hash (block 1, entry ${number})`;
      expect(await verdicts(forged)).toEqual([said, said]);
    },
  );

  test("a byte behind a large file is found", async () => {
    const forged = new Forge(files);
    const offset = forged.bytes.readUInt32LE(forged.at("indexBlock", LARGE * 64 + entry.byteOffset));
    const behind = offset + 5 * PIECE_BYTES + 7;
    const said = `unused bytes behind the file are not zero (block ${Math.floor(behind / 4096)})`;
    expect(await verdicts(forged.flip(behind).seal())).toEqual([said, said]);
  });

  test("a file that is replaced after it was opened is opened anew by each thread, and refused", async () => {
    const name = join(folder, "replaced");
    writeFileSync(name, new Forge(files).bytes);
    const image = await ImageReader.open(name);
    writeFileSync(name, new Forge(files).flip(superblock.label).bytes);
    await expect(verifyOnThreads(image, THREADS, PIECE_BYTES)).rejects.toThrow(
      "superblock does not match its hash",
    );
    image.close();
  });
});
