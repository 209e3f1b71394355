// nx in the guest answers in lines that ./nx on the host reads: both sides are held together here.

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { parseAnswers } from "../../tools/nx-hw/ask.ts";
import { smpAnswer } from "../../tools/nx-hw/smp.ts";
import { vblkAnswer } from "../../tools/nx-hw/vblk.ts";
import { defined } from "../harness/defined.ts";
import { FakeSystem } from "./fake-system.ts";

const disk = Uint8Array.from({ length: 16 * 4096 }, (_, index) => (index * 13) & 0xff);

function start(argument: string, options: { smp?: number; disk?: Uint8Array } = {}): Promise<FakeSystem> {
  return FakeSystem.start("source/apps/nx/main.ts", { argument, ...options });
}

test.each([1, 2, 3, 4])("hw smp lists %i harts, each with its counters", async (smp) => {
  const system = await start("hw smp", { smp });
  expect(system.kernel.run("main")).toBe(0);
  const { online, harts } = smpAnswer(parseAnswers([...system.lines]));
  expect(online).toBe(smp);
  expect(harts.map(({ hart, hartid }) => [hart, hartid])).toEqual(
    Array.from({ length: smp }, (_, index) => [index, index + 10]),
  );
  expect(harts[0]).toEqual({
    hart: 0,
    hartid: 10,
    ticks: 0,
    ipisSent: 20,
    ipisReceived: 30,
    switches: 40,
    stolen: 50,
    ipisLimited: 60,
    ipisSpared: 70,
    idle: 80,
  });
});

test("hw smp leaves out a hart that did not come up", async () => {
  const system = await start("hw smp", { smp: 4 });
  defined(system.harts[1]).online = false;
  expect(system.kernel.run("main")).toBe(0);
  expect(smpAnswer(parseAnswers([...system.lines])).harts.map((one) => one.hart)).toEqual([0, 2, 3]);
});

test("hw vblk info gives the disk's size, and the checksum of its first bytes", async () => {
  const system = await start("hw vblk info", { disk });
  expect(system.kernel.run("main")).toBe(0);
  const sha256 = createHash("sha256").update(disk.subarray(0, 4096)).digest("hex");
  expect(vblkAnswer(parseAnswers([...system.lines]))).toEqual({
    sectors: 128,
    sectorSize: 512,
    blockSize: 512,
    readOnly: true,
    firstBytes: 4096,
    checksum: `sha256:${sha256}`,
  });
});

test("hw vblk info without a disk says so, and its answer is not complete", async () => {
  const system = await start("hw vblk info");
  expect(system.kernel.run("main")).toBe(1);
  expect(system.lines).toEqual(["nx: no block device"]);
});
