// Disks that are not as usual: those that can be used are used, and each that cannot be says what it is.

import { describe, expect, test } from "vitest";
import { scratchForFile } from "../harness/scratch.ts";
import { anotherDisk, bootWith, imageOf } from "./harness/disks.ts";
import { BOOT_TIMEOUT_MS, explain, hasQemu, pkgfsImage } from "./harness/machine.ts";

const scratch = scratchForFile("neuron-disks-");

/** What QEMU is told of every disk of the machine. */
function everyDisk(property: string): string[] {
  return ["-global", `virtio-blk-device.${property}`];
}

describe.skipIf(!hasQemu)("a disk of QEMU (qemu-system-riscv64 is installed)", () => {
  test.each([
    [512, false],
    [1024, false],
    [4096, false],
    [4096, true],
  ])(
    "with blocks of %i bytes passes every self-test (legacy: %s)",
    async (bytes, legacy) => {
      const report = await bootWith(
        scratch,
        [...everyDisk(`logical_block_size=${bytes}`), ...everyDisk(`physical_block_size=${bytes}`)],
        { legacy, run: "selftest-client; nx hw vblk info" },
      );
      expect(report.ok, explain(report)).toBe(true);
      expect(report.lines.filter((line) => line.includes("FAILED"))).toEqual([]);
      expect(report.lines.some((line) => line.startsWith("selftest: refusals ok"))).toBe(true);
      expect(report.lines.find((line) => line.startsWith("nx: vblk"))).toContain(` block_size=${bytes} `);
    },
    BOOT_TIMEOUT_MS,
  );

  test.each([
    ["with the smallest queue", everyDisk("queue-size=4")],
    [
      "with the largest queue, and four of them",
      [...everyDisk("queue-size=1024"), ...everyDisk("num-queues=4")],
    ],
    [
      "that offers packed rings, and no event index",
      [...everyDisk("packed=on"), ...everyDisk("event_idx=off")],
    ],
    [
      "beside a network card and a source of randomness",
      ["-device", "virtio-net-device", "-device", "virtio-rng-device"],
    ],
    ["beside the same disk once more", anotherDisk(pkgfsImage, 5)],
  ])(
    "%s is used",
    async (_what, more) => {
      const report = await bootWith(scratch, more);
      expect(report.ok, explain(report)).toBe(true);
      expect(report.lines.filter((line) => /refused m|passed over/.test(line))).toEqual([]);
    },
    BOOT_TIMEOUT_MS,
  );

  const foreign = new Uint8Array(1 << 20).fill(0x5a);

  test(
    "is found and used behind a foreign disk and before a writable one",
    async () => {
      const more = [
        ...anotherDisk(imageOf(scratch, foreign), 0),
        ...anotherDisk(imageOf(scratch, foreign), 5, false),
      ];
      const report = await bootWith(scratch, more, { slot: 2 });
      expect(report.ok, explain(report)).toBe(true);
      expect(report.lines).toContain("virtioblkd: passed over mmio=0x10001000 (no package image on it)");
      expect(report.lines.find((line) => line.startsWith("virtioblkd: mmio="))).toMatch(
        /^virtioblkd: mmio=0x10003000 /,
      );
    },
    BOOT_TIMEOUT_MS,
  );

  test.each<[string, number, string[], string[]]>([
    [
      "of 0 sectors",
      0,
      [],
      [
        "virtioblkd: refused mmio=0x10001000 fault=75(NoSectors) (it has no sectors)",
        "nexus-init: virtioblkd ended: exit code 65(DiskRefused)",
      ],
    ],
    [
      "of one sector, blank",
      512,
      [],
      [
        "pkgfs: image refused: its disk or file is smaller than one block of 4096 bytes at block 0 of mmio=0x10001000",
        "nexus-init: packagefsd ended: exit code 66(NotMounted)",
      ],
    ],
    [
      "that is blank",
      1 << 20,
      [],
      [
        "pkgfs: image refused: not a package image at block 0 of mmio=0x10001000",
        "nexus-init: packagefsd ended: exit code 66(NotMounted)",
      ],
    ],
    [
      "that is blank, with another blank one behind it",
      1 << 20,
      anotherDisk(imageOf(scratch, new Uint8Array(1 << 20)), 5),
      [
        "pkgfs: image refused: not a package image at block 0 of mmio=0x10001000",
        "nexus-init: packagefsd ended: exit code 66(NotMounted)",
      ],
    ],
    [
      "behind an IOMMU that there is not",
      1 << 20,
      everyDisk("iommu_platform=on"),
      [
        "virtioblkd: refused mmio=0x10001000 fault=14(NeedsIommu)" +
          " (it wants an IOMMU, and there is none here: remove iommu_platform=on)",
        "nexus-init: virtioblkd ended: exit code 65(DiskRefused)",
      ],
    ],
    [
      "whose own block is too large",
      1 << 20,
      [...everyDisk("logical_block_size=16384"), ...everyDisk("physical_block_size=16384")],
      [
        "virtioblkd: refused mmio=0x10001000 fault=66(BlockSize)" +
          " (its block size is not a power of two from 512 to 4096 bytes)",
        "nexus-init: virtioblkd ended: exit code 65(DiskRefused)",
      ],
    ],
  ])(
    "%s says what it is, and nothing takes its place",
    async (_what, bytes, more, says) => {
      const report = await bootWith(scratch, more, {
        disk: imageOf(scratch, new Uint8Array(bytes)),
        slot: 0,
        smp: 2,
      });
      expect(report.ok).toBe(false);
      const said = report.lines.filter((line) => /refused|nexus-init: /.test(line));
      expect(said, explain(report)).toEqual(says);
      expect(report.lines.join("\n")).not.toContain("pkgfs: mounted");
    },
    BOOT_TIMEOUT_MS,
  );
});
