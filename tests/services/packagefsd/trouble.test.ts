// A disk that misbehaves while it is in use: what the client is told, that no wrong data is delivered, and that a later read
// works.

import { describe, expect, test } from "vitest";
import { ExitCode, Refusal, Syscall, TIMEBASE } from "../../harness/abi.ts";
import { BLOCK_BYTES, image, large, odd, partsOf, sameBytes } from "./images.ts";
import { type Running, start } from "./running.ts";

const CALL_SECONDS_MAX = 15n;
const SECTORS_PER_BLOCK = BLOCK_BYTES / 512;

/** A mounted image, with one client that has `path` open. */
async function opened(path: string): Promise<Running & { read(offset: number, length: number): Result }> {
  const running = await start(image);
  const one = running.client(1);
  const vmo = one.attach(131_072);
  const file = one.open(path);
  return {
    ...running,
    read: (offset, length) => {
      vmo.content.fill(0xab);
      const { status, content } = one.read(vmo, file, offset, length);
      const isUntouched = vmo.content.every((byte) => byte === 0xab);
      return { status, content, isUntouched };
    },
  };
}
interface Result {
  readonly status: unknown;
  readonly content: Uint8Array;
  readonly isUntouched: boolean;
}

describe("a read that fails", () => {
  test.each([
    ["the device reported an error", "deviceError"],
    ["the device's answer was malformed", "malformedReply"],
    ["the device was too slow", "timedOut"],
    ["the disk was given up", "noDevice"],
    ["the block service never answered", Refusal.TimedOut],
    ["the capability does not exist any more", Refusal.BadSlot],
  ])("because %s", async (_why, misbehaviour) => {
    const { disk, read } = await opened("fixtures/odd");
    disk.misbehave = () => misbehaviour;
    expect(read(0, odd.length)).toMatchObject({ status: "deviceError", isUntouched: true });
    disk.misbehave = () => undefined;
    expect(sameBytes(read(0, odd.length).content, odd)).toBe(true);
  });

  test("in its last part delivers no part", async () => {
    const { disk, read } = await opened("bin/large");
    read(40 * BLOCK_BYTES, 10);
    disk.misbehave = ({ lba }) =>
      lba >= (partsOf(image).data + 41) * SECTORS_PER_BLOCK ? "deviceError" : undefined;
    expect(read(20 * BLOCK_BYTES, 131_072)).toMatchObject({ status: "deviceError", isUntouched: true });
    disk.misbehave = () => undefined;
    const { content } = read(20 * BLOCK_BYTES, 131_072);
    expect(sameBytes(content, large.subarray(20 * BLOCK_BYTES, 20 * BLOCK_BYTES + 131_072))).toBe(true);
  });

  test("of no more than what was asked for is not repeated", async () => {
    const { disk, read } = await opened("bin/large");
    disk.reads.length = 0;
    disk.misbehave = () => "deviceError";
    expect(read(40 * BLOCK_BYTES, 10)).toMatchObject({ status: "deviceError", isUntouched: true });
    expect(disk.reads).toHaveLength(1);
  });

  test("because the answer is malformed", async () => {
    const { disk, read } = await opened("fixtures/odd");
    const honest = disk.answer.bind(disk);
    disk.answer = () => new Uint8Array(8);
    expect(read(0, odd.length)).toMatchObject({ status: "deviceError", isUntouched: true });
    disk.answer = honest;
    expect(sameBytes(read(0, odd.length).content, odd)).toBe(true);
  });
});

describe("data from the device", () => {
  test("that is wrong is refused, and is not kept", async () => {
    const { disk, read } = await opened("fixtures/odd");
    disk.reads.length = 0;
    const tree = partsOf(image).tree * SECTORS_PER_BLOCK;
    disk.misbehave = ({ lba }) => (lba < tree ? (content) => content.fill(0x66, 100, 101) : undefined);
    expect(read(0, odd.length)).toMatchObject({ status: "corrupt", isUntouched: true });
    expect(disk.reads.filter(({ lba }) => lba < tree)).toHaveLength(2);
    disk.misbehave = () => undefined;
    expect(sameBytes(read(0, odd.length).content, odd)).toBe(true);
  });

  test("that is wrong once is read again, only from the wrong block on, and each block of a read has a second try", async () => {
    const { kernel, disk, read } = await opened("bin/large");
    disk.reads.length = 0;
    const bad = [3, 4];
    const { data } = partsOf(image);
    disk.misbehave = ({ lba }) => {
      const block = bad.shift();
      const at = block === undefined ? undefined : (data + block) * BLOCK_BYTES - lba * 512;
      return at === undefined ? undefined : (content) => content.fill(0x66, at, at + 1);
    };
    const { content } = read(BLOCK_BYTES, 8 * BLOCK_BYTES);
    expect(sameBytes(content, large.subarray(BLOCK_BYTES, 9 * BLOCK_BYTES))).toBe(true);
    expect(disk.reads.map(({ lba }) => lba / SECTORS_PER_BLOCK - data)).toEqual([1, 3, 4]);
    expect(kernel.lines.slice(2)).toEqual(
      [3, 4].map(
        (block) =>
          `pkgfs: block ${data + block} was damaged on its way (data does not match its hash); read again`,
      ),
    );
    expect(kernel.audit).toHaveLength(2);
  });

  test("that is wrong once again and again is reported a few times, and recorded each time", async () => {
    const { kernel, disk, read } = await opened("bin/large");
    for (let turn = 1; turn <= 20; turn += 1) {
      let left = 1;
      disk.misbehave = () => (left-- > 0 ? (content) => content.fill(0x66, 0, 1) : undefined);
      expect(read(turn * 3 * BLOCK_BYTES, 10).status).toBe("ok");
    }
    expect(kernel.lines.filter((line) => line.endsWith("read again"))).toHaveLength(16);
    expect(kernel.audit).toHaveLength(20);
  });

  test("that is wrong in a block after those that were asked for does not fail the read", async () => {
    const { disk, read } = await opened("bin/large");
    disk.misbehave = ({ count }) =>
      count > 4 * SECTORS_PER_BLOCK
        ? (content) => content.fill(0, 3 * BLOCK_BYTES, 4 * BLOCK_BYTES)
        : undefined;
    expect(sameBytes(read(0, 2 * BLOCK_BYTES).content, large.subarray(0, 2 * BLOCK_BYTES))).toBe(true);
    disk.misbehave = () => undefined;
    const { content } = read(2 * BLOCK_BYTES, 4 * BLOCK_BYTES);
    expect(sameBytes(content, large.subarray(2 * BLOCK_BYTES, 6 * BLOCK_BYTES))).toBe(true);
  });

  test("that only the read-ahead cannot get does not fail the read, which is repeated without read-ahead", async () => {
    const { disk, read } = await opened("bin/large");
    // The reads are sequential, so the rest of 32 blocks is read ahead. One of these sectors can never be read.
    const gone = (partsOf(image).data + 9) * SECTORS_PER_BLOCK;
    disk.misbehave = ({ lba, count }) => (lba <= gone && gone < lba + count ? "deviceError" : undefined);
    expect(sameBytes(read(0, 2 * BLOCK_BYTES).content, large.subarray(0, 2 * BLOCK_BYTES))).toBe(true);
    const { content } = read(2 * BLOCK_BYTES, 4 * BLOCK_BYTES);
    expect(sameBytes(content, large.subarray(2 * BLOCK_BYTES, 6 * BLOCK_BYTES))).toBe(true);
    expect(read(6 * BLOCK_BYTES, 4 * BLOCK_BYTES)).toMatchObject({
      status: "deviceError",
      isUntouched: true,
    });
  });

  test.each(["timedOut", "malformedReply", "noDevice", Refusal.TimedOut])(
    "that never comes (%s): no client waits for it twice, and the next try leaves out the read-ahead",
    async (silence) => {
      const { disk, read } = await opened("bin/large");
      const gone = (partsOf(image).data + 9) * SECTORS_PER_BLOCK;
      disk.misbehave = ({ lba, count }) => (lba <= gone && gone < lba + count ? silence : undefined);
      disk.reads.length = 0;
      expect(read(0, 2 * BLOCK_BYTES)).toMatchObject({ status: "deviceError", isUntouched: true });
      expect(disk.reads).toHaveLength(1);
      expect(sameBytes(read(0, 2 * BLOCK_BYTES).content, large.subarray(0, 2 * BLOCK_BYTES))).toBe(true);
      // The first of the two blocks is in the cache since the image was mounted.
      expect(disk.reads.at(-1)).toEqual({
        lba: (partsOf(image).data + 1) * SECTORS_PER_BLOCK,
        count: SECTORS_PER_BLOCK,
      });
    },
  );

  test("that changes late, after the block was verified, has no effect", async () => {
    const { disk, read } = await opened("fixtures/odd");
    read(0, odd.length);
    disk.shared.fill(0x66);
    expect(sameBytes(read(0, odd.length).content, odd)).toBe(true);
  });

  test("that is wrong in the hash tree is refused, and not kept either", async () => {
    const { disk, read } = await opened("bin/large");
    const tree = partsOf(image).tree * SECTORS_PER_BLOCK;
    disk.misbehave = ({ lba }) => (lba >= tree ? (content) => content.fill(1, 5, 6) : undefined);
    // Beyond the blocks that the tree block from mounting covers.
    expect(read(400 * BLOCK_BYTES, 100)).toMatchObject({ status: "corrupt", isUntouched: true });
    disk.misbehave = () => undefined;
    const { content } = read(400 * BLOCK_BYTES, 100);
    expect(sameBytes(content, large.subarray(400 * BLOCK_BYTES, 400 * BLOCK_BYTES + 100))).toBe(true);
  });
});

describe("the block service", () => {
  test("that was restarted in the middle of a read gets the memory again, and the read goes on", async () => {
    const { disk, read } = await opened("fixtures/odd");
    let isFirst = true;
    disk.misbehave = () => {
      const died = isFirst;
      isFirst = false;
      return died ? Refusal.PeerGone : undefined;
    };
    expect(sameBytes(read(0, odd.length).content, odd)).toBe(true);
    expect(disk.attachments).toBe(2);
  });

  test("that was restarted and does not take the memory is not asked to read", async () => {
    const { disk, read } = await opened("fixtures/odd");
    disk.misbehave = () => Refusal.PeerGone;
    const asked: bigint[] = [];
    const honest = disk.answer.bind(disk);
    disk.answer = (message) => {
      asked.push(message.w0);
      return asked.length === 2 ? new Uint8Array(8) : honest(message);
    };
    expect(read(0, odd.length)).toMatchObject({ status: "deviceError", isUntouched: true });
    expect(asked).toHaveLength(2);
  });

  test("that ends again and again is not asked for ever", async () => {
    const { disk, read } = await opened("fixtures/odd");
    disk.reads.length = 0;
    disk.misbehave = () => Refusal.PeerGone;
    expect(read(0, odd.length)).toMatchObject({ status: "deviceError", isUntouched: true });
    expect(disk.reads.length).toBe(2);
  });

  test("that is busy is asked again, a bounded number of times", async () => {
    const { disk, read } = await opened("fixtures/odd");
    let busy = 3;
    disk.misbehave = () => (busy-- > 0 ? "busy" : undefined);
    expect(sameBytes(read(0, odd.length).content, odd)).toBe(true);
    disk.reads.length = 0;
    disk.misbehave = () => "busy";
    const other = await opened("bin/large");
    other.disk.misbehave = () => "busy";
    expect(other.read(0, 131_072).status).toBe("deviceError");
    expect(other.disk.reads.length).toBeLessThan(60);
  });

  test.each([3, 500])(
    "that still works for an earlier instance of packagefsd is asked again: %i times",
    async (times) => {
      const { exitCode } = await start(image, {
        prepare: (disk) => {
          disk.busyAttachments = times;
        },
      });
      expect(exitCode).toBeUndefined();
    },
  );

  test("that works for an earlier instance for longer than any read may take is given up", async () => {
    const { exitCode } = await start(image, {
      prepare: (disk) => {
        disk.busyAttachments = 1 + 1300;
      },
    });
    expect(exitCode).toBe(ExitCode.NotMounted);
  });

  test("is never called without a deadline", async () => {
    const { kernel, read } = await opened("bin/large");
    read(0, 131_072);
    const calls = kernel.made.filter(({ number }) => number === Syscall.Call);
    const deadlines = calls.map(({ a, time }) => a[6] - time);
    expect(deadlines.length).toBeGreaterThan(5);
    for (const ticks of deadlines) {
      expect(ticks).toBeLessThanOrEqual(CALL_SECONDS_MAX * TIMEBASE);
    }
  });
});

describe("packagefsd itself, after a restart", () => {
  test("does not confuse a file that an earlier instance opened with one of its own, no matter how many it has opened", async () => {
    const first = await start(image);
    const number = first.client(1).open("fixtures/odd");
    const second = await start(image, { instance: 1 });
    const one = second.client(1);
    const vmo = one.attach(131_072);
    for (let i = 0; i < 40; i++) {
      const other = one.open("bin/large");
      expect(one.read(vmo, number, 0, 100).status).toBe("badFile");
      one.call("close", { file: other });
    }
  });
});
