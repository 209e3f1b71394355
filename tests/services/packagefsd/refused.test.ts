// What the kernel refuses packagefsd, and reads of the index that fail: it mounts nothing by halves, and lists nothing by
// halves.

import { describe, expect, test } from "vitest";
import { ExitCode, Refusal, Syscall } from "../../harness/abi.ts";
import type { Made } from "../../harness/fake-kernel/kernel.ts";
import { BLOCK_BYTES, flipped, hello, image, large, signedImage } from "./images.ts";
import { start } from "./running.ts";

const FIXTURES_BYTES_MAX = 16_777_216;
const NOTHING = "pkgfs: nothing to mount (no block device, no fixtures)";
/** What gives the service memory, and what it asks the disk by. */
const memoryCalls: readonly number[] = [Syscall.CreateVmo, Syscall.Map];
const further: readonly number[] = [...memoryCalls, Syscall.Call];

describe.each(["disk", "fixtures"] as const)("memory that is refused while it mounts (%s)", (source) => {
  test("is not used: nothing is mounted, and no more is asked for", async () => {
    const whole = await start(image, { source });
    const count = whole.kernel.made.filter(({ number }) => memoryCalls.includes(number)).length;
    expect(count).toBeGreaterThan(2);
    for (let nth = 0; nth < count; nth += 1) {
      let seen = 0;
      const behind: number[] = [];
      const refuse = ({ number }: Made): number | undefined => {
        if (seen > nth) {
          behind.push(number);
          return undefined;
        }
        seen += memoryCalls.includes(number) ? 1 : 0;
        return seen > nth ? Refusal.NoMemory : undefined;
      };
      const { exitCode, kernel, signals } = await start(image, { source, refuse });
      expect([nth, exitCode, signals]).toEqual([nth, ExitCode.NotMounted, []]);
      expect(kernel.lines).toHaveLength(1);
      expect(kernel.lines[0]).not.toContain("not a package image");
      expect(behind.filter((number) => further.includes(number))).toEqual([]);
    }
  });
});

describe("fixtures", () => {
  test("that are larger than what is mapped are none", async () => {
    const bytes = new Uint8Array(FIXTURES_BYTES_MAX + BLOCK_BYTES);
    bytes.set(image);
    const { kernel, exitCode } = await start(bytes, { source: "fixtures" });
    expect(kernel.lines).toEqual([NOTHING]);
    expect(exitCode).toBe(ExitCode.NotMounted);
  });

  test("that are damaged are refused", async () => {
    const { kernel, exitCode } = await start(flipped(image, BLOCK_BYTES + 20), { source: "fixtures" });
    expect(kernel.lines).toEqual(["pkgfs: image refused: index does not match its hash at block 1"]);
    expect(exitCode).toBe(ExitCode.NotMounted);
  });
});

test("a page of a directory is whole, or a read of the index has failed", async () => {
  const name = (number: number): string => `group/file-of-a-longer-name-${String(number).padStart(3, "0")}`;
  const numbered = Array.from({ length: 400 }, (_, number) => ({ path: name(number), content: hello }));
  const { disk, client } = await start(signedImage([{ path: "a", content: large }, ...numbered]));
  const one = client(1);
  const vmo = one.attach(131_072);
  const file = one.open("a");

  /** Lists a page while the nth read of the disk fails, with nothing of the index in the cache. Whether one did. */
  function failsAt(nth: number, cursor: number): boolean {
    disk.misbehave = () => undefined;
    one.call("stat", { path: name(0) });
    for (let at = 0; at < large.length; at += 131_072) {
      one.read(vmo, file, at, 131_072);
    }
    let reads = 0;
    disk.misbehave = () => (reads++ === nth ? "timedOut" : undefined);
    const { status, entries } = one.call("list", { path: "group", cursor });
    const isFailed = reads > nth;
    expect([cursor, nth, status]).toEqual([cursor, nth, isFailed ? "deviceError" : "ok"]);
    expect(entries).toHaveLength(isFailed ? 0 : 8);
    return isFailed;
  }

  // Entries 64, 128 and so on begin a block of the index.
  for (const cursor of [0, 60, 64, 65, 128, 200]) {
    let nth = 0;
    while (failsAt(nth, cursor)) {
      nth += 1;
      expect(nth).toBeLessThan(30);
    }
    expect(nth).toBeGreaterThan(0);
  }
});
