// The target `virtio` finds faults that were planted on purpose, each in a copy of the guest's sources.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../../host/root.ts";
import { readCorpus } from "../../../tools/fuzz/engine/corpus.ts";
import { runSession } from "../../../tools/fuzz/engine/session.ts";
import { virtioOf } from "../../../tools/fuzz/targets/virtio/target.ts";

/** The corpus alone. */
const RUNS = 1;

interface Plant {
  readonly what: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly finding: RegExp;
}

const QUEUE = "source/drivers/virtio/queue.ts";
const DISK = "source/drivers/storage/virtio-blk/disk.ts";
const KERNEL_QUEUE = "source/kernel/neuron/src/dma/queue.ts";
const KERNEL_SETUP = "source/kernel/neuron/src/dma/setup.ts";

const plants: readonly Plant[] = [
  {
    what: "the driver takes an answer to a chain that the device does not have",
    file: QUEUE,
    find: "if (!shadow.isInFlight) {",
    replace: "if (false) {",
    finding: /abort|unreachable|not give back/,
  },
  {
    what: "the driver takes a good read for whole, whatever its length",
    file: DISK,
    find: "!this.queue.legacy && length !== expected",
    replace: "false",
    finding: /did not write every byte/,
  },
  {
    what: "the status of a read is not marked as unwritten",
    file: "source/drivers/storage/virtio-blk/request.ts",
    find: "  volatileStore8(line + STATUS_OFFSET, RequestStatus.Unwritten);\n",
    replace: "",
    finding: /status that the device did not write/,
  },
  {
    what: "the driver ends reads without a reset",
    file: DISK,
    find: "let fault = this.stop();",
    replace: "let fault = DeviceFault.None;",
    finding: /without a reset|the device has/,
  },
  {
    what: "the kernel frees any chain that the device names",
    file: KERNEL_QUEUE,
    find: "id >= queue.size || queue.shadow(id).use !== <u8>Use.Head",
    replace: "id >= queue.size",
    finding: /^Error: (?:the kernel|a pin|the list)/m,
  },
  {
    what: "the kernel lets go of what the device has",
    file: KERNEL_QUEUE,
    find: "  return pin.inFlight === 0;",
    replace: "  return true;",
    finding: /memory may be unpinned that the device has/,
  },
  {
    what: "a reset leaves its pins in use",
    file: KERNEL_SETUP,
    find: "pinAt(device, number).inFlight = 0;",
    replace: "",
    finding: /pin/,
  },
];

test.each(plants.map((plant) => [plant.what, plant] as const))(
  "%s: it is found",
  { timeout: 300_000 },
  async (_, { file, find, replace, finding }) => {
    const folder = mkdtempSync(join(tmpdir(), "neuron-fuzz-"));
    try {
      for (const part of ["source", "build/gen"]) {
        cpSync(join(root, part), join(folder, part), { recursive: true });
      }
      const text = readFileSync(join(folder, file), "utf8");
      expect(text.split(find)).toHaveLength(2);
      writeFileSync(
        join(folder, file),
        text.replace(find, () => replace),
      );
      const target = virtioOf(folder);
      const session = {
        seed: 1,
        runsMax: RUNS,
        milliseconds: Number.POSITIVE_INFINITY,
        corpus: readCorpus("virtio"),
      };
      const { failures } = await runSession(target, await target.start(), session);
      expect(failures.map((failure) => failure.what).join("\n")).toMatch(finding);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
