// A disk that is slow or silent: the requests that need it wait, and no client waits for another's.

import { describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import { FakeVmo } from "../../harness/fake-kernel/kernel.ts";
import { silent } from "./fake-disk.ts";
import { BLOCK_BYTES, content, sameBytes, signedImage } from "./images.ts";
import {
  blocksOf,
  CLIENTS,
  ok,
  PATIENCE,
  READ_MAX,
  READ_SLOW,
  REQUEST_MAX,
  refused,
  SECTORS_PER_BLOCK,
  SOON,
  sectorOf,
  touches,
  tree,
  withSilence,
} from "./readers.ts";
import { start } from "./running.ts";
import type { Fields } from "./wire.ts";

describe("while one client waits for a silent sector", () => {
  test("the others are served: what is in the cache, and what is not", async () => {
    const { kernel, disk, pass, reader } = await withSilence(100);
    const [one, two] = [reader(1), reader(2)];
    const before = kernel.time;
    const waits = one.ask(100);
    expect(disk.waits).toEqual([PATIENCE]);
    expect(kernel.time - before).toBe(PATIENCE * 10_000n);

    expect(two.ask(0)()).toEqual(ok(BLOCK_BYTES));
    expect(two.ask(200, 32)()).toEqual(ok(32 * BLOCK_BYTES));
    expect(two.has(200, 32)).toBe(true);
    expect(two.client.ask("stat", { path: "fixtures/odd" })()).toMatchObject({ status: "ok", kind: "file" });
    expect(two.client.ask("list", { path: "many", cursor: 0 })()).toMatchObject({ status: "ok" });
    expect(two.client.ask("share", { file: two.file, offset: 131_072n * 4n })()).toMatchObject({
      status: "ok",
    });
    // None of them took time, and the first still waits.
    expect(kernel.time - before).toBe(PATIENCE * 10_000n);
    expect(waits()).toBeUndefined();
    pass(1000);
    expect(waits()).toBeUndefined();
    expect(one.isUntouched).toBe(true);

    disk.end(sectorOf(100));
    pass(SOON);
    expect(waits()).toEqual(ok(BLOCK_BYTES));
    expect(one.has(100)).toBe(true);
    // It was read once.
    expect(disk.reads.filter((read) => touches(read, sectorOf(100)))).toHaveLength(1);
  });

  test("and each of seven others for a sector of its own, the eighth client is served", async () => {
    const blocks = Array.from({ length: CLIENTS - 1 }, (_, index) => 100 + 10 * index);
    const { disk, pass, reader } = await withSilence(...blocks);
    const readers = blocks.map((_, index) => reader(index + 1));
    const eighth = reader(CLIENTS);
    const answers = readers.map((each, index) => each.ask(defined(blocks[index])));
    expect(eighth.ask(300, 3)()).toEqual(ok(3 * BLOCK_BYTES));
    expect(eighth.has(300, 3)).toBe(true);
    expect(answers.map((answer) => answer())).toEqual(blocks.map(() => undefined));
    // In another order than they were asked for.
    for (const index of [3, 0, 6, 1, 5, 2, 4]) {
      disk.end(sectorOf(defined(blocks[index])));
      pass(SOON);
      expect(defined(answers[index])()).toEqual(ok(BLOCK_BYTES));
      expect(defined(readers[index]).has(defined(blocks[index]))).toBe(true);
    }
  });

  test("more clients than may wait are told that it is busy, and read what the cache has", async () => {
    const blocks = Array.from({ length: CLIENTS }, (_, index) => 100 + 10 * index);
    const { disk, pass, sectors, reader } = await withSilence(...blocks);
    const answers = blocks.map((block, index) => reader(index + 1).ask(block));
    // A ninth client takes a record, so it can read; it has the first one's.
    const ninth = reader(CLIENTS + 1);
    expect(ninth.ask(300)()).toEqual(refused("busy"));
    expect(ninth.ask(0)()).toEqual(ok(BLOCK_BYTES));
    sectors.clear();
    disk.end(sectorOf(100));
    pass(2 * SOON);
    expect(defined(answers[0])()).toEqual(refused("notAttached"));
    expect(ninth.ask(300)()).toEqual(ok(BLOCK_BYTES));
    expect(ninth.has(300)).toBe(true);
  });

  test("and all places for reads are taken, more are told that it is busy, and afterwards all is as before", async () => {
    const blocks = Array.from({ length: CLIENTS + 2 }, (_, index) => 100 + 10 * index);
    const { kernel, disk, pass, sectors, reader } = await withSilence(...blocks);
    const answers = blocks.slice(0, CLIENTS).map((block, index) => reader(index + 1).ask(block));
    // The ninth place is for a read that no request can wait for, and there is none for the next one.
    const late = reader(CLIENTS + 1);
    const more = blocks.slice(CLIENTS).map((block) => late.ask(block)());
    expect(more).toEqual([refused("busy"), refused("busy")]);
    sectors.clear();
    for (const block of blocks.slice(0, CLIENTS)) {
      disk.end(sectorOf(block));
      pass(2 * SOON);
    }
    expect(answers.slice(1).map((answer) => answer())).toEqual(answers.slice(1).map(() => ok(BLOCK_BYTES)));
    expect(late.ask(300)()).toEqual(ok(BLOCK_BYTES));
    expect(late.has(300)).toBe(true);
    pass(1000);
    const calls = kernel.made.length;
    pass(10_000);
    expect(kernel.made.length - calls).toBe(1);
  });

  test("nothing is read ahead, so that the next reads do not meet the sector", async () => {
    const { disk, reader } = await withSilence(100);
    reader(1).ask(100);
    disk.reads.length = 0;
    const two = reader(2);
    expect(two.ask(0, 2)()).toEqual(ok(2 * BLOCK_BYTES));
    expect(disk.reads).toEqual([{ lba: sectorOf(1), count: SECTORS_PER_BLOCK }]);
  });
});

describe("a request that waits", () => {
  test.each(["timedOut", "deviceError", "noDevice", "malformedReply"])(
    "is told when its read fails (%s), and the next read of the block goes to the disk",
    async (status) => {
      const { disk, pass, sectors, reader } = await withSilence(100);
      const one = reader(1);
      const answer = one.ask(100);
      disk.end(sectorOf(100), status);
      pass(SOON);
      expect(answer()).toEqual(refused("deviceError"));
      expect(one.isUntouched).toBe(true);
      sectors.clear();
      expect(one.ask(100)()).toEqual(ok(BLOCK_BYTES));
      expect(one.has(100)).toBe(true);
    },
  );

  test("gets its own blocks when the device reports an error for those that were read ahead", async () => {
    const { disk, pass, sectors, reader } = await withSilence(5);
    const one = reader(1);
    const answer = one.ask(0, 2);
    expect(answer()).toBeUndefined();
    disk.end(sectorOf(5), "deviceError");
    sectors.clear();
    pass(SOON);
    expect(answer()).toEqual(ok(2 * BLOCK_BYTES));
    expect(one.has(0, 2)).toBe(true);
  });

  test("shares the read with others that need the block: all get it, or all are told", async () => {
    const { disk, pass, sectors, reader } = await withSilence(100);
    const readers = [1, 2, 3].map(reader);
    for (const status of ["timedOut", "ok"]) {
      disk.reads.length = 0;
      const answers = readers.map((each) => each.ask(100));
      expect(disk.reads).toHaveLength(1);
      disk.end(sectorOf(100), status);
      pass(SOON);
      const expected = status === "ok" ? ok(BLOCK_BYTES) : refused("deviceError");
      expect(answers.map((answer) => answer())).toEqual([expected, expected, expected]);
      expect(disk.reads).toHaveLength(1);
    }
    sectors.clear();
    expect(readers.every((each) => each.has(100))).toBe(true);
  });

  test("for a block of the hash tree keeps what it has of the content", async () => {
    const { disk, pass, reader } = await withSilence();
    const one = reader(1);
    disk.misbehave = ({ lba }) => (lba >= tree * SECTORS_PER_BLOCK ? silent : undefined);
    disk.reads.length = 0;
    const answer = one.ask(400, 3);
    expect(answer()).toBeUndefined();
    // What the other client reads beside it has a place of its own.
    expect(reader(2).ask(30, 2)()).toEqual(ok(2 * BLOCK_BYTES));
    const treeRead = defined(disk.pending[0]);
    disk.end(treeRead.lba);
    pass(SOON);
    expect(answer()).toEqual(ok(3 * BLOCK_BYTES));
    expect(one.has(400, 3)).toBe(true);
    expect(disk.reads.filter((read) => touches(read, sectorOf(400)))).toHaveLength(1);
  });

  test("for several reads, one after the other, is answered when all have come", async () => {
    const { disk, pass, reader } = await withSilence(210, 220, 231);
    const [one, two] = [reader(1), reader(2)];
    // A block in the middle is in the cache, so this takes two reads.
    expect(two.ask(215)()).toEqual(ok(BLOCK_BYTES));
    const answer = one.ask(205, 32);
    for (const sector of [210, 220]) {
      expect(answer()).toBeUndefined();
      disk.end(sectorOf(sector));
      pass(SOON);
    }
    expect(answer()).toEqual(ok(32 * BLOCK_BYTES));
    expect(one.has(205, 32)).toBe(true);
  });

  test("may be any request: its path and its parameters are those that it came with", async () => {
    const files = Array.from({ length: 400 }, (_, index) => ({
      path: `many/${String(index).padStart(3, "0")}-${"x".repeat(240)}`,
      content: content(20_000, index),
    }));
    const bytes = signedImage(files);
    const running = await start(bytes);
    const path = defined(files[399]).path;
    const ends = (): void => {
      running.disk.misbehave = () => undefined;
      for (const { lba } of [...running.disk.pending]) {
        running.disk.end(lba);
      }
      running.pass(SOON);
    };
    const client = running.client(1);
    const other = running.client(2);
    const requests: [string, Fields][] = [
      ["stat", { path }],
      ["open", { path }],
      ["list", { path: "many", cursor: 0 }],
      ["stat", { path: path.slice(0, -1) }],
    ];
    for (const [method, fields] of requests) {
      // 1.6 MB through a cache of 1 MiB: the index is not in it any more.
      const vmo = other.attach(131_072);
      for (const each of files.slice(0, 80)) {
        const file = other.open(each.path);
        other.read(vmo, file, 0, 20_000);
        other.call("close", { file });
      }
      running.disk.misbehave = () => silent;
      const answer = client.ask(method, fields);
      expect(answer(), method).toBeUndefined();
      expect(other.ask("info")()).toMatchObject({ status: "ok" });
      ends();
      const expected = client.call(method, fields);
      expect(answer()).toEqual(method === "open" ? { ...expected, file: expect.any(Number) } : expected);
      expect(["ok", "notFound"]).toContain(expected.status);
    }
  });

  test("for a shared piece gets the capability with the answer", async () => {
    const { disk, pass, reader } = await withSilence(70);
    const one = reader(1);
    const before = one.client.shared;
    const answer = one.client.ask("share", { file: one.file, offset: 262_144n });
    expect(answer()).toBeUndefined();
    disk.end(sectorOf(70));
    pass(SOON);
    expect(answer()).toEqual(ok(131_072));
    const piece = defined(one.client.shared);
    expect(before).toBeUndefined();
    expect(
      piece.object instanceof FakeVmo && sameBytes(piece.object.read(0, 131_072), blocksOf(64, 32)),
    ).toBe(true);
    // The piece that could not be filled at first is gone.
    expect(one.client.ask("share", { file: one.file, offset: 262_144n })()).toEqual(ok(131_072));
  });

  test("is told after 15 s if the block service forgets its read", async () => {
    const { pass, reader } = await withSilence(100);
    const answer = reader(1).ask(100);
    pass(READ_MAX - 500);
    expect(answer()).toBeUndefined();
    pass(1000);
    expect(answer()).toEqual(refused("deviceError"));
  });

  test("is told after a minute, however many reads it needs", async () => {
    const { disk, pass, reader } = await withSilence();
    const [one, two] = [reader(1), reader(2)];
    // Every second block is in the cache, so this takes 16 reads.
    for (let block = 201; block < 232; block += 2) {
      expect(two.ask(block)()).toEqual(ok(BLOCK_BYTES));
    }
    disk.misbehave = () => silent;
    const answer = one.ask(200, 32);
    for (let waited = 0; waited < REQUEST_MAX - READ_SLOW; waited += READ_SLOW) {
      pass(READ_SLOW);
      expect(answer()).toBeUndefined();
      disk.end(defined(disk.pending[0]).lba);
    }
    pass(READ_SLOW);
    expect(answer()).toEqual(refused("deviceError"));
    expect(one.isUntouched).toBe(true);
  });
});
