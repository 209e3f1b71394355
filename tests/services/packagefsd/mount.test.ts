// What packagefsd says when it starts: mounted, or refused with the block that is to blame.

import { describe, expect, test } from "vitest";
import { buildImage } from "../../../tools/mk-pkgfs-img/layout.ts";
import { start } from "./running.ts";

const image = buildImage([{ path: "fixtures/hello.txt", content: new TextEncoder().encode("hello\n") }]);

describe("mounting", () => {
  test("an image on the disk", async () => {
    const { kernel, exitCode } = await start(image);
    expect(kernel.console).toEqual(["pkgfs: mounted from virtio-blk ro"]);
    expect(exitCode).toBeUndefined();
    expect(kernel.signals).toEqual([1n]);
  });
});
