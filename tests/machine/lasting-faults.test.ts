// Faults of the disk that last longer than the tries of a read, in both versions of virtio-mmio: after the system has come up,
// and from the first read on. A client is told, and gets no wrong data. A device that never works again is given up. A system
// that cannot come up ends with the reason.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { defined } from "../harness/defined.ts";
import { BOOT_TIMEOUT_MS, explain } from "./booting.ts";
import {
  type Asked,
  answersOf,
  askedBy,
  bootWithFaults,
  imageWithLong,
  lie,
  merged,
  type Outcome,
  PACKAGEFSD,
  PROGRAM,
  records,
  saidBy,
  TRIES_MAX,
  timedOut,
  trailOf,
} from "./disturbed.ts";

const scratch = mkdtempSync(join(tmpdir(), "neuron-faults-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

describe.each([
  [2, false],
  [1, true],
] as const)("virtio-mmio version %i", (_version, legacy) => {
  describe("after the system has come up", () => {
    // The first command brings nx into packagefsd's cache. From then on the disk gets only what commands ask for.
    const warm = "nx ps";
    const info = "nx hw vblk info";
    const cat = "nx cat fixtures/hello.txt";
    const content = readFileSync(join(root, "pkg/fixtures/hello.txt"));
    const good = ["nx: file size=36", `nx: data=${content.toString("hex")}`];
    const path = "nx: pkg://fixtures/hello.txt";
    let asked: Asked;
    /** The request that the second command makes, and the last that it is tried with. */
    let first: number;
    let last: number;
    let disk: string;

    beforeAll(async () => {
      asked = await askedBy(`${warm}; ${info}`, legacy);
      first = asked.requests;
      last = first + TRIES_MAX - 1;
      disk = await imageWithLong(scratch);
    }, BOOT_TIMEOUT_MS);

    test(
      "data: a file whose block fails its hash twice is not delivered, and later it is",
      async () => {
        const report = await bootWithFaults(
          `${warm}; ${cat}; ${cat}; nx audit`,
          legacy,
          `data@${first}-${first + 1}`,
        );
        expect(answersOf(report)).toEqual([good[0], `${path}: corrupt`, ...good]);
        const [, block] = /block (\d+)$/.exec(trailOf(report).join("\n")) ?? [];
        expect(trailOf(report)).toEqual([
          `image-refused: reason 29(data does not match its hash), block ${block}`,
        ]);
        expect(saidBy(report)).toContain(`pkgfs: block ${block} does not match its hash (data)`);
      },
      BOOT_TIMEOUT_MS,
    );

    test(
      "io-error: a file is not delivered, and later it is",
      async () => {
        const report = await bootWithFaults(
          `${warm}; ${cat}; ${cat}; nx audit`,
          legacy,
          `io-error@${first}-${last}`,
        );
        expect(answersOf(report)).toEqual([good[0], `${path}: deviceError`, ...good]);
        const [, sector] = /sector (\d+)/.exec(defined(trailOf(report)[0])) ?? [];
        expect(trailOf(report)).toEqual(
          merged(
            records(
              { status: "deviceError" },
              { client: PACKAGEFSD, sector: Number(sector), tries: TRIES_MAX },
            ),
          ),
        );
      },
      BOOT_TIMEOUT_MS,
    );

    test.concurrent.each([
      ["", [0, 1, 3]],
      [", and checks of the device that are not answered either", [0, 1, 2, 3, 4]],
    ])(
      "never, in all tries of a read that reads ahead%s: the read fails, and another file is delivered",
      async (_also, silent) => {
        const begin = (await askedBy(warm, legacy, disk)).requests + 1;
        // Both commands bring nx into the cache first. Then: three tries, two checks beside them, and one after the last.
        const plan = [begin, begin + 6].flatMap((read) => silent.map((at) => `never@${read + at}`));
        const long = "nx cat fixtures/long.bin";
        const run = `${long}; ${long}; ${cat}; nx audit`;
        const report = await bootWithFaults(run, legacy, plan.join(","), disk);
        const bad = ["nx: file size=100000", "nx: pkg://fixtures/long.bin: deviceError"];
        expect(answersOf(report), explain(report)).toEqual([...bad, ...bad, ...good]);
        const sector = Number(/sector (\d+)/.exec(trailOf(report).join())?.[1]);
        const struck = { client: PACKAGEFSD, sector, tries: TRIES_MAX };
        expect(trailOf(report)).toEqual(
          merged([...records(timedOut, struck), ...records(timedOut, { ...struck, resets: TRIES_MAX })]),
        );
      },
      BOOT_TIMEOUT_MS,
    );

    test.concurrent.each([
      ["does not reset", "5(ResetTimeout)", () => `used-id@${first},reset-stuck`],
      [
        "is a different disk after the reset",
        "67(IdentityChanged)",
        () => `used-id@${first},capacity-large@${asked.configReads + 1}-`,
      ],
      [
        "has no capacity after the reset",
        "75(NoSectors)",
        () => `used-id@${first},capacity-zero@${asked.configReads + 1}-`,
      ],
    ])(
      "a device that %s is given up at once (fault %s); its clients are told, and go on",
      async (_what, fault, plan) => {
        const report = await bootWithFaults(`${warm}; ${info}; ${cat}; nx audit`, legacy, plan());
        expect(answersOf(report), explain(report)).toEqual([
          "nx: reading the disk failed: noDevice",
          good[0],
          `${path}: deviceError`,
        ]);
        expect(saidBy(report)).toContain(
          `virtioblkd: device fault=33(UsedIdRange) resets=1 given up, fault=${fault}`,
        );
        expect(trailOf(report)).toEqual([
          "device-fault: fault 33(UsedIdRange), resets 1",
          `device-fault: fault ${fault}, resets 1`,
          `read-failed: client ${PROGRAM}, sector 0: noDevice`,
        ]);
      },
      BOOT_TIMEOUT_MS,
    );

    test(
      "a device that never works again is given up after four resets",
      async () => {
        const report = await bootWithFaults(
          `${warm}; ${info}; ${cat}; nx audit`,
          legacy,
          `used-id@${first}-`,
        );
        expect(answersOf(report), explain(report)).toEqual([
          "nx: reading the disk failed: malformedReply",
          good[0],
          `${path}: deviceError`,
        ]);
        expect(saidBy(report)).toContain(
          "virtioblkd: device fault=33(UsedIdRange) resets=5 given up, fault=73(GivenUp)",
        );
        expect(trailOf(report)).toContain("device-fault: fault 73(GivenUp), resets 5");
      },
      BOOT_TIMEOUT_MS,
    );
  });

  describe("from the first read on: the run ends with the reason, and no fixtures take the disk's place", () => {
    const identified = /^virtioblkd: mmio=0x10001000 irq=1 sectors=\d+$/;
    const triedInVain = (client: number, lba: number, outcome: Outcome): (string | RegExp)[] =>
      [1, 2, 3].flatMap((tries) => [
        ...(outcome.fault === undefined
          ? []
          : [`virtioblkd: device fault=${outcome.fault} resets=${tries} recovered`]),
        `virtioblkd: read failed, client=${client} lba=${lba}: ${outcome.status}${tries < TRIES_MAX ? ", read again" : ""}`,
      ]);
    const noFirstBlock = [
      "virtioblkd: the first block of mmio=0x10001000 could not be read",
      "nexus-init: virtioblkd ended: exit code 64(FirstBlockUnread)",
    ];
    const refused = (fault: string, why: string): (string | RegExp)[] => [
      `virtioblkd: refused mmio=0x10001000 fault=${fault} (${why})`,
      "nexus-init: virtioblkd ended: exit code 65(DiskRefused)",
    ];
    const notMounted = (reason: string | RegExp): (string | RegExp)[] => [
      reason instanceof RegExp ? reason : `pkgfs: image refused: ${reason}`,
      "nexus-init: packagefsd ended: exit code 66(NotMounted)",
    ];
    const ready = [identified, "virtioblkd: ready"];
    const deviceError: Outcome = { status: "deviceError" };

    test.concurrent.each<[plan: string, said: (string | RegExp)[]]>([
      ["io-error", [...triedInVain(0, 0, deviceError), ...noFirstBlock]],
      ["status-unwritten", [...triedInVain(0, 0, lie("68(StatusMissing)")), ...noFirstBlock]],
      ["never", [...triedInVain(0, 0, timedOut), ...noFirstBlock]],
      [
        "late,reset-stuck",
        [
          "virtioblkd: device fault=72(DeadlineMissed) resets=1 given up, fault=5(ResetTimeout)",
          "virtioblkd: read failed, client=0 lba=0: noDevice",
          ...noFirstBlock,
        ],
      ],
      ["capacity-zero", refused("75(NoSectors)", "it has no sectors")],
      ["config-changing", refused("11(ConfigUnstable)", "its configuration changes each time it is read")],
      [
        "io-error@2-",
        [
          ...ready,
          ...triedInVain(PACKAGEFSD, 0, deviceError),
          ...notMounted("block could not be read at block 0 of mmio=0x10001000"),
        ],
      ],
      [
        "io-error@3-",
        [
          ...ready,
          ...triedInVain(PACKAGEFSD, 8, deviceError),
          ...triedInVain(PACKAGEFSD, 8, deviceError),
          ...notMounted("block could not be read at block 1 of mmio=0x10001000"),
        ],
      ],
      ["data@2-", [...ready, ...notMounted("not a package image at block 0 of mmio=0x10001000")]],
      [
        "data@3-",
        [
          ...ready,
          ...notMounted(
            /^pkgfs: image refused: hash tree does not match its root at block \d+ of mmio=0x10001000$/,
          ),
        ],
      ],
    ])(
      "%s",
      async (plan, said) => {
        const report = await bootWithFaults("selftest-client", legacy, plan);
        expect(report.ok).toBe(false);
        expect(saidBy(report), explain(report)).toEqual(
          said.map((line) => (typeof line === "string" ? line : expect.stringMatching(line))),
        );
        expect(report.proofs).toEqual([]);
      },
      BOOT_TIMEOUT_MS,
    );
  });
});
