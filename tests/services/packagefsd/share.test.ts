// Pieces of files whose pages clients have in common: right, read-only, the same for all, and never more than there may be.

import { describe, expect, test } from "vitest";
import { Refusal, Syscall } from "../../harness/abi.ts";
import { defined } from "../../harness/defined.ts";
import { FakeVmo, Right, type Slot } from "../../harness/fake-kernel/kernel.ts";
import { BLOCK_BYTES, image, large, odd, partsOf, sameBytes, signedImage } from "./images.ts";
import { type Client, type Running, start } from "./running.ts";

const PIECE_BYTES = 131_072;
const PIECES_MAX = 8;
const SECTORS_PER_BLOCK = BLOCK_BYTES / 512;

/** Enough pieces for each test: bin/large has sixteen. */
async function opened(): Promise<Running & { one: Client; file: number }> {
  const running = await start(image);
  const one = running.client(1);
  return { ...running, one, file: one.open("bin/large") };
}

/** The memory object that came along. */
function vmoOf(slot: Slot | undefined): FakeVmo {
  const { object } = defined(slot, "a capability that comes along");
  if (!(object instanceof FakeVmo)) {
    throw new Error(`a ${object.kind} came along`);
  }
  return object;
}

/** Shares the first pieces, as many as there may be. */
function shareAll(one: Client, file: number): FakeVmo[] {
  return Array.from({ length: PIECES_MAX }, (_, i) => vmoOf(one.share(file, i * PIECE_BYTES).slot));
}

describe("a piece", () => {
  test("is the file's bytes, with zeros behind its end", async () => {
    const { one, file } = await opened();
    const middle = one.share(file, PIECE_BYTES);
    expect(middle).toMatchObject({ status: "ok", bytes: PIECE_BYTES });
    const content = vmoOf(middle.slot).read(0, PIECE_BYTES);
    expect(sameBytes(content, large.subarray(PIECE_BYTES, 2 * PIECE_BYTES))).toBe(true);

    const short = one.share(one.open("fixtures/odd"), 0);
    const vmo = vmoOf(short.slot);
    expect([short.bytes, vmo.size]).toEqual([odd.length, 4 * BLOCK_BYTES]);
    const wanted = new Uint8Array(vmo.size);
    wanted.set(odd);
    expect(sameBytes(vmo.content, wanted)).toBe(true);
  });

  test("of a compressed file is its content as well", async () => {
    const text = new TextEncoder().encode("the same line again and again\n".repeat(9000));
    const running = await start(signedImage([{ path: "text", content: text }], { compress: true }));
    const one = running.client(1);
    const { slot, bytes } = one.share(one.open("text"), PIECE_BYTES);
    expect(sameBytes(vmoOf(slot).read(0, bytes), text.subarray(PIECE_BYTES, 2 * PIECE_BYTES))).toBe(true);
  });

  test("can only be read, and neither be given on nor be written", async () => {
    const { one, file } = await opened();
    expect(one.share(file, 0).slot?.rights).toBe(Right.Read);
  });

  test("is the same for every client, and is read once", async () => {
    const { one, file, client, disk } = await opened();
    const first = one.share(file, 0);
    const reads = disk.reads.length;
    const other = client(2);
    const again = other.share(other.open("bin/large"), 0);
    expect(again).toMatchObject({ status: "ok", bytes: PIECE_BYTES });
    expect(vmoOf(again.slot)).toBe(vmoOf(first.slot));
    expect(disk.reads).toHaveLength(reads);
  });

  test.each([
    [1, "badOffset"],
    [BLOCK_BYTES, "badOffset"],
    [16 * PIECE_BYTES, "badOffset"],
    [2 ** 52, "badOffset"],
  ])("at %s: %s", async (offset, status) => {
    const { one, file } = await opened();
    expect(one.share(file, offset)).toEqual({ status, bytes: 0, slot: undefined });
  });

  test("of an empty file, or of a file that the client has not opened, is refused", async () => {
    const { one, file, client } = await opened();
    expect(one.share(one.open("empty"), 0).status).toBe("badOffset");
    expect(client(2).share(file, 0)).toEqual({ status: "badFile", bytes: 0, slot: undefined });
  });
});

describe("how many there may be", () => {
  test("one more than all, while clients have them: the file can still be read", async () => {
    const { one, file, kernel } = await opened();
    const vmos = shareAll(one, file);
    const slots = kernel.slots.size;
    expect(one.share(file, PIECES_MAX * PIECE_BYTES)).toEqual({
      status: "notShared",
      bytes: 0,
      slot: undefined,
    });
    expect(kernel.slots.size).toBe(slots);
    const vmo = one.attach(BLOCK_BYTES);
    const { content } = one.read(vmo, file, PIECES_MAX * PIECE_BYTES, 100);
    expect(sameBytes(content, large.subarray(PIECES_MAX * PIECE_BYTES, PIECES_MAX * PIECE_BYTES + 100))).toBe(
      true,
    );
    expect(
      vmos.every((each, i) =>
        sameBytes(each.content, large.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES)),
      ),
    ).toBe(true);
  });

  test("the piece that no client has, and was asked for least recently, makes room", async () => {
    const { one, file, kernel } = await opened();
    const vmos = shareAll(one, file);
    // Pieces 2 and 5 were given back, and 2 is asked for again and given back again.
    defined(vmos[2]).heldByOthers = 0;
    defined(vmos[5]).heldByOthers = 0;
    one.share(file, 2 * PIECE_BYTES);
    defined(vmos[2]).heldByOthers = 0;
    const slots = kernel.slots.size;
    const late = one.share(file, 9 * PIECE_BYTES);
    expect(sameBytes(vmoOf(late.slot).content, large.subarray(9 * PIECE_BYTES, 10 * PIECE_BYTES))).toBe(true);
    expect(kernel.slots.size).toBe(slots);
    expect(vmoOf(one.share(file, 2 * PIECE_BYTES).slot)).toBe(vmos[2]);
    // Piece 5 is not there any more: it would need room of its own.
    expect(one.share(file, 5 * PIECE_BYTES).status).toBe("notShared");
  });
});

describe("a piece that there is no memory for", () => {
  test.each([
    ["because none can be made", Syscall.CreateVmo],
    ["because it cannot be mapped", Syscall.Map],
  ])("%s is not shared, and nothing is kept or given back for it", async (_, refused) => {
    const { one, file, kernel } = await opened();
    const slots = [...kernel.slots.keys()];
    kernel.refuse = ({ number }) => (number === refused ? Refusal.NoMemory : undefined);
    const before = kernel.made.length;
    expect(one.share(file, 0)).toEqual({ status: "notShared", bytes: 0, slot: undefined });
    const numbers = kernel.made.slice(before).map(({ number }) => number);
    expect(numbers.slice(numbers.indexOf(refused) + 1)).not.toContain(Syscall.Map);
    expect([...kernel.slots.keys()]).toEqual(slots);
    kernel.refuse = () => undefined;
    expect(one.share(file, 0).status).toBe("ok");
  });
});

describe("content that is bad", () => {
  test("is not shared, and takes no room", async () => {
    const { one, file, disk, kernel } = await opened();
    const slots = kernel.slots.size;
    const first = (partsOf(image).data + 40) * SECTORS_PER_BLOCK;
    for (let i = 0; i < PIECES_MAX + 1; i++) {
      disk.misbehave = ({ lba, count }) =>
        lba <= first && first < lba + count ? (content) => content.fill(0x66) : undefined;
      expect(one.share(file, PIECE_BYTES)).toEqual({ status: "corrupt", bytes: 0, slot: undefined });
    }
    expect(kernel.slots.size).toBe(slots);
    disk.misbehave = () => undefined;
    const { slot } = one.share(file, PIECE_BYTES);
    expect(sameBytes(vmoOf(slot).content, large.subarray(PIECE_BYTES, 2 * PIECE_BYTES))).toBe(true);
  });
});
