// What may happen while a request waits for a slow disk: to the client that asked, to the disk, to its service.

import { describe, expect, test } from "vitest";
import { Refusal, Right } from "../../harness/abi.ts";
import { defined } from "../../harness/defined.ts";
import { FakeVmo } from "../../harness/fake-kernel/kernel.ts";
import { silent } from "./fake-disk.ts";
import { BLOCK_BYTES, content, sameBytes, signedImage } from "./images.ts";
import { data, ok, refused, SECTORS_PER_BLOCK, SOON, sectorOf, touches, withSilence } from "./readers.ts";
import { start } from "./running.ts";

describe("a client that gave up", () => {
  test("does not hold others up, and its next life gets no bytes of the request before", async () => {
    const { kernel, disk, pass, sectors, reader } = await withSilence(100);
    const first = reader(1);
    const answer = first.ask(100);
    kernel.endCallers();
    const next = reader(1);
    disk.end(sectorOf(100));
    pass(SOON);
    expect(answer()).toBeUndefined();
    expect(first.isUntouched && next.isUntouched).toBe(true);
    sectors.clear();
    expect(next.ask(100)()).toEqual(ok(BLOCK_BYTES));
    expect(next.has(100)).toBe(true);
  });

  test("and asks again takes the place of its own request, not another client's", async () => {
    const { disk, pass, reader } = await withSilence(100, 110);
    const [one, two] = [reader(1), reader(2)];
    const others = two.ask(110);
    const answers = Array.from({ length: 20 }, () => one.ask(100));
    const last = answers.pop();
    expect(answers.map((answer) => answer())).toEqual(answers.map(() => refused("busy")));
    expect(disk.pending).toHaveLength(2);
    disk.end(sectorOf(100));
    disk.end(sectorOf(110));
    pass(SOON);
    expect([last?.(), others()]).toEqual([ok(BLOCK_BYTES), ok(BLOCK_BYTES)]);
    expect(one.has(100) && two.has(110)).toBe(true);
  });

  test("has attached other memory meanwhile: the bytes go into neither", async () => {
    const { disk, pass, reader } = await withSilence(100);
    const one = reader(1);
    const answer = one.ask(100);
    const vmo = new FakeVmo(131_072);
    const sent = { object: vmo, rights: Right.Read | Right.Write };
    expect(one.client.ask("attach", { bytes: 131_072n }, sent)()).toEqual({ status: "ok" });
    disk.end(sectorOf(100));
    pass(SOON);
    expect(answer()).toEqual(refused("notAttached"));
    expect(one.isUntouched && vmo.content.every((byte) => byte === 0)).toBe(true);
  });
});

describe("while a request waits, the disk", () => {
  test("may be swapped: nothing of the other disk is delivered, after one more read", async () => {
    const { kernel, disk, pass, reader } = await withSilence(100);
    const one = reader(1);
    const answer = one.ask(100);
    disk.image.fill(0x5a);
    disk.reads.length = 0;
    disk.end(sectorOf(100));
    pass(SOON);
    expect(answer()).toBeUndefined();
    disk.end(sectorOf(100));
    pass(SOON);
    expect(answer()).toEqual(refused("corrupt"));
    expect(one.isUntouched).toBe(true);
    expect(disk.reads).toHaveLength(1);
    expect(kernel.lines.at(-1)).toBe(`pkgfs: block ${data + 100} does not match its hash (data)`);
  });

  test("may have damaged the block on its way: it is read once more, and that is reported", async () => {
    const { kernel, disk, pass, reader } = await withSilence(100);
    const one = reader(1);
    const answer = one.ask(100);
    disk.end(sectorOf(100));
    disk.shared[0] = ~defined(disk.shared[0]);
    pass(SOON);
    expect(answer()).toBeUndefined();
    disk.end(sectorOf(100));
    pass(SOON);
    expect(answer()).toEqual(ok(BLOCK_BYTES));
    expect(one.has(100)).toBe(true);
    expect(kernel.lines.at(-1)).toBe(
      `pkgfs: block ${data + 100} was damaged on its way (data does not match its hash); read again`,
    );
  });

  test("may lose its service once: the reads are asked for again, and end", async () => {
    const { disk, pass, reader } = await withSilence(100, 110);
    const [one, two] = [reader(1), reader(2)];
    const answers = [one.ask(100), two.ask(110)];
    disk.restart();
    pass(SOON);
    expect(disk.attachments).toBe(2);
    expect(disk.pending.map(({ lba }) => lba).sort()).toEqual([sectorOf(100), sectorOf(110)]);
    disk.end(sectorOf(110));
    disk.end(sectorOf(100));
    pass(SOON);
    expect(answers.map((answer) => answer())).toEqual([ok(BLOCK_BYTES), ok(BLOCK_BYTES)]);
    expect(one.has(100) && two.has(110)).toBe(true);
  });

  test("may lose its service again and again: the client is told", async () => {
    const { disk, pass, reader } = await withSilence(100);
    const answer = reader(1).ask(100);
    disk.restart();
    pass(SOON);
    expect(answer()).toBeUndefined();
    disk.restart();
    pass(SOON);
    expect(answer()).toEqual(refused("deviceError"));
    // The second time there was nothing to ask for again.
    expect(disk.attachments).toBe(2);
  });

  test("may tell late of a read that was given up: the next one in its place goes on", async () => {
    const { disk, pass, sectors, reader } = await withSilence(100, 110);
    const one = reader(1);
    const given = one.ask(100);
    const honest = disk.endpoint.answer;
    disk.endpoint.answer = () => Refusal.TimedOut;
    pass(SOON);
    expect(given()).toEqual(refused("deviceError"));
    disk.endpoint.answer = honest;
    disk.end(sectorOf(100), "deviceError");
    sectors.delete(sectorOf(100));
    const answer = one.ask(110);
    pass(SOON);
    expect(answer()).toBeUndefined();
    disk.end(sectorOf(110));
    pass(SOON);
    expect(answer()).toEqual(ok(BLOCK_BYTES));
    expect(one.has(110)).toBe(true);
  });

  test.each([Refusal.TimedOut, Refusal.BadSlot])(
    "may have a service that does not answer (%i): the client is told, and later reads work",
    async (refusal) => {
      const { disk, pass, sectors, reader } = await withSilence(100);
      const one = reader(1);
      const answer = one.ask(100);
      const honest = disk.endpoint.answer;
      disk.endpoint.answer = () => refusal;
      pass(SOON);
      expect(answer()).toEqual(refused("deviceError"));
      disk.endpoint.answer = honest;
      sectors.clear();
      // The end of the read that was given up comes late, and means nothing.
      disk.end(sectorOf(100));
      expect(one.ask(101)()).toEqual(ok(BLOCK_BYTES));
      expect(one.has(101)).toBe(true);
    },
  );

  test("may be too busy for a new read, for a fifth of a second", async () => {
    const { disk, pass, sectors, reader } = await withSilence();
    const [one, two] = [reader(1), reader(2)];
    const busy = new Set([100, 110]);
    disk.misbehave = (read) =>
      [...busy].some((block) => touches(read, sectorOf(block))) ? "busy" : undefined;
    const answers = [one.ask(100), two.ask(110)];
    pass(100);
    expect(answers.map((answer) => answer())).toEqual([undefined, undefined]);
    busy.delete(100);
    pass(SOON);
    expect(answers[0]?.()).toEqual(ok(BLOCK_BYTES));
    pass(200);
    expect(answers[1]?.()).toEqual(refused("deviceError"));
    expect(sectors.size).toBe(0);
  });
});

test("a compressed file waits like any other", async () => {
  const text = new Uint8Array(Buffer.alloc(200_000, "a line of text, "));
  text.set(content(60_000, 3), 50_000);
  const running = await start(signedImage([{ path: "text", content: text }], { compress: true }));
  const client = running.client(1);
  const vmo = client.attach(131_072);
  const file = client.open("text");
  running.disk.misbehave = () => silent;
  const answer = client.ask("read", { file, offset: 60_000n, length: 50_000, into: 0n });
  expect(answer()).toBeUndefined();
  for (let turn = 0; turn < 12 && answer() === undefined; turn++) {
    for (const { lba } of [...running.disk.pending]) {
      running.disk.end(lba);
    }
    running.pass(SOON);
  }
  expect(answer()).toEqual(ok(50_000));
  expect(sameBytes(vmo.content.subarray(0, 50_000), text.subarray(60_000, 110_000))).toBe(true);
});

describe("a read that no request needs any more", () => {
  /** Its client has attached other memory, so it is told, and the block is not taken. Another client waits from then on. */
  async function leftOver() {
    const running = await withSilence(100, 110);
    const { disk, pass, reader } = running;
    const one = reader(1);
    const answer = one.ask(100);
    const sent = { object: new FakeVmo(131_072), rights: Right.Read | Right.Write };
    expect(one.client.ask("attach", { bytes: 131_072n }, sent)()).toEqual({ status: "ok" });
    pass(5000);
    const other = reader(2);
    const waits = other.ask(110);
    disk.end(sectorOf(100));
    pass(SOON);
    expect(answer()).toEqual(refused("notAttached"));
    return { ...running, other, waits };
  }

  test("is no longer waited for: what comes next is read ahead again, and then the service waits for ever", async () => {
    const { kernel, disk, pass, reader, other, waits } = await leftOver();
    // Longer than any read is waited for, since the first one began.
    pass(12_000);
    expect(waits()).toBeUndefined();
    disk.end(sectorOf(110));
    pass(SOON);
    expect(waits()).toEqual(ok(BLOCK_BYTES));
    expect(other.has(110)).toBe(true);
    disk.reads.length = 0;
    expect(reader(3).ask(0, 2)()).toEqual(ok(2 * BLOCK_BYTES));
    expect(disk.reads[0]?.count).toBeGreaterThan(2 * SECTORS_PER_BLOCK);
    pass(1000);
    const calls = kernel.made.length;
    pass(10_000);
    expect(kernel.made.length - calls).toBe(1);
  });
});

test("an idle service waits for ever again once nothing is under way", async () => {
  const { kernel, disk, pass, reader } = await withSilence(100);
  reader(1).ask(100);
  disk.end(sectorOf(100));
  pass(SOON);
  const calls = kernel.made.length;
  pass(10_000);
  // One wait, without a deadline.
  expect(kernel.made.length - calls).toBe(1);
});
