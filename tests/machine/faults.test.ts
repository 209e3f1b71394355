// A disk that misbehaves, and the whole system above it: each kind of fault, in both versions of virtio-mmio. A fault
// that
// passes is only recorded. One that stays is told to the client by its name, and the next request finds a device that
// works, or one that is given up. Wrong data is never delivered, and each run ends. Runs go side by side.

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { faultKinds, parseFaults } from "../../machine/host/faults.ts";
import { defined } from "../harness/defined.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, buildOnce, type EmbeddedReport, explain } from "./booting.ts";
import {
  type Asked,
  answersOf,
  askedBy,
  expectEnd,
  HARTS,
  imageWithLong,
  lie,
  merged,
  type Outcome,
  records,
  saidBy,
  TRIES_MAX,
  timedOut,
  trailOf,
} from "./disturbed.ts";

const scratch = mkdtempSync(join(tmpdir(), "neuron-faults-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const harmless: Outcome = {};
/** One answer too many is seen by the index, or, as long as another read is not answered, by its number. */
const twice: Outcome = { ...lie("32(UsedIndexJump)"), besideCheck: "34(UsedIdFree)" };

/** Kinds that are about one request. Version 1 has no way to ask for a reset, and says nothing by its lengths. */
const ofRequests: readonly (readonly [kind: string, modern: Outcome, legacy: Outcome])[] = [
  ["used-index", lie("32(UsedIndexJump)"), lie("32(UsedIndexJump)")],
  ["used-id", lie("33(UsedIdRange)"), lie("33(UsedIdRange)")],
  ["used-twice", twice, twice],
  ["length-large", lie("36(UsedLength)"), lie("36(UsedLength)")],
  ["length-zero", lie("70(ReadLength)"), harmless],
  ["status-unwritten", lie("68(StatusMissing)"), lie("68(StatusMissing)")],
  ["status-unknown", lie("69(StatusUnknown)"), lie("69(StatusUnknown)")],
  ["io-error", { status: "deviceError" }, { status: "deviceError" }],
  ["late", timedOut, timedOut],
  ["never", timedOut, timedOut],
  ["no-interrupt", { noted: "74(InterruptMissing)" }, { noted: "74(InterruptMissing)" }],
  ["storm", harmless, harmless],
  ["needs-reset", lie("12(NeedsReset)"), timedOut],
];

/** Kinds without consequence: the driver cannot tell that anything is wrong, or nothing is. */
const unnoticed = ["capacity-large", "reset-stuck", "config-changing@2", "storm@2-3"];

/** How many requests that comes to: with a reset after each try, the next one is followed by a check of the device. */
const requestsOf = ({ fault, status }: Outcome): number =>
  status === undefined ? 1 : fault === undefined ? TRIES_MAX : 2 * TRIES_MAX - 1;

/** The badges of clients of virtioblkd: their row in the topology, plus one. */
const PACKAGEFSD = 3;
const PROGRAM = 5;

const image = async (): Promise<Buffer> => readFileSync(join(root, (await buildOnce()).outputs.packageImage));

async function boot(run: string, legacy: boolean, plan: string, disk?: string): Promise<EmbeddedReport> {
  const faults = parseFaults(plan);
  const report = await bootEmbedded({ run, legacy, smp: HARTS, faults, ...(disk && { disk }) });
  expectEnd(report);
  return report;
}

/** Every strike is on record, and no try of the read but those before the one whose answer was taken. */
function expectTakenEarly(trail: string[], outcome: Outcome): void {
  const faults = trail.filter((each) => each.startsWith("device-fault"));
  expect(faults).toEqual(faults.map((_, at) => `device-fault: fault ${outcome.fault}, resets ${at + 1}`));
  expect(faults.length).toBeLessThanOrEqual(1 + requestsOf(outcome));
  const [index, ...others] = trail.filter((each) => !each.startsWith("device-fault"));
  expect(index).toBe(`read-failed: client ${PACKAGEFSD}, sector 8: ${outcome.status}, read again`);
  const tried = `read-failed: client ${PROGRAM}, sector 0: ${outcome.status}, read again`;
  expect([[], [tried], [`${tried} (2 times)`]]).toContainEqual(others);
}

describe.each([
  [2, false],
  [1, true],
] as const)("virtio-mmio version %i", (_version, legacy) => {
  const selfTests = "selftest-client; nx audit";

  describe("one answer", () => {
    const info = "nx hw vblk info";
    /** The request that the first `info` makes in a run without faults. */
    let request: number;

    beforeAll(async () => {
      request = (await askedBy(`selftest-client; ${info}`, legacy)).requests;
    }, BOOT_TIMEOUT_MS);

    // It strikes twice: at the index, while the image is mounted, and then at every try of what a command reads.
    test.concurrent.each(ofRequests.map(([kind, modern, old]) => [kind, legacy ? old : modern] as const))(
      "%s: once, it passes; in all tries of a read, its client is told, and the next read is right",
      async (kind, outcome) => {
        const { status, fault, besideCheck } = outcome;
        const tries = status === undefined ? 1 : TRIES_MAX;
        const resets = fault === undefined ? 0 : 1;
        // What struck at the index was tried once more, and with a reset there was a check.
        const begin = request + (status === undefined ? 0 : 1) + (fault === undefined ? 0 : 1);
        const plan = `${kind}@3,${kind}@${begin}-${begin + requestsOf(outcome) - 1}`;
        const report = await boot(`selftest-client; ${info}; ${info}; nx audit`, legacy, plan);
        const digest = createHash("sha256")
          .update((await image()).subarray(0, 4096))
          .digest("hex");
        const good = expect.stringMatching(`^nx: vblk .* sha256=${digest}$`);
        const trail = trailOf(report).map((each) => each.replace(`fault ${besideCheck},`, `fault ${fault},`));
        const before = records(outcome, { client: PACKAGEFSD, sector: 8, tries: 1 });
        // Beside a check, the driver may take the first of two equal answers before it sees the second: then that read
        // is
        // right and was the last, and what is left of the plan strikes the checks of the device.
        const [first] = answersOf(report);
        const isTakenEarly = besideCheck !== undefined && first?.startsWith("nx: vblk ") === true;
        // The self-tests have passed, and nothing else is wrong than that the command failed.
        const isTold = status !== undefined && !isTakenEarly;
        expect(report.problems, explain(report)).toEqual(isTold ? ["nx ended: exit code 1(Failed)"] : []);
        const told = isTold ? `nx: reading the disk failed: ${status}` : good;
        expect(answersOf(report), explain(report)).toEqual([told, good]);
        const struck = { client: PROGRAM, sector: 0, tries, resets };
        if (isTakenEarly) {
          expectTakenEarly(trail, outcome);
        } else {
          expect(trail).toEqual(merged([...before, ...records(outcome, struck)]));
        }
        if (fault !== undefined) {
          expect(saidBy(report)).toContain(`virtioblkd: device fault=${fault} resets=1 recovered`);
        }
      },
      BOOT_TIMEOUT_MS,
    );
  });

  describe("once, while the image is mounted", () => {
    test.concurrent.each([
      ["data@3", ["image-refused: reason 27(index does not match its hash), block 1, good when read again"]],
      [
        "data@2",
        [
          expect.stringMatching(
            /^image-refused: reason \d+\(not a package image\), block 0, good when read again$/,
          ),
        ],
      ],
      ["io-error@1", records({ status: "deviceError" }, { client: 0, sector: 0, tries: 1 })],
      ["used-id@1-2", merged(records(lie("33(UsedIdRange)"), { client: 0, sector: 0, tries: 2 }))],
    ])(
      "%s: all goes on, and it is on record",
      async (plan, trail) => {
        const report = await boot(selfTests, legacy, plan);
        expect(report.ok, explain(report)).toBe(true);
        expect(trailOf(report)).toEqual(trail);
      },
      BOOT_TIMEOUT_MS,
    );

    test.concurrent.each(unnoticed)(
      "%s: is not even noticed",
      async (plan) => {
        const report = await boot(selfTests, legacy, plan);
        expect(report.ok, explain(report)).toBe(true);
        expect(trailOf(report)).toEqual([]);
      },
      BOOT_TIMEOUT_MS,
    );
  });

  describe("later", () => {
    // The first command brings nx into packagefsd's cache. From then on the disk is asked for what commands ask for.
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
      "data: a file whose block does not match its hash twice is not delivered; then it is",
      async () => {
        const report = await boot(`${warm}; ${cat}; ${cat}; nx audit`, legacy, `data@${first}-${first + 1}`);
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
      "io-error: a file is not delivered; then it is",
      async () => {
        const report = await boot(`${warm}; ${cat}; ${cat}; nx audit`, legacy, `io-error@${first}-${last}`);
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
      "never, for all tries of a read that reads ahead%s: it fails each time, and another file is delivered",
      async (_also, silent) => {
        const begin = (await askedBy(warm, legacy, disk)).requests + 1;
        // Both commands bring nx into the cache first. Then: three tries, two checks beside them, one behind the last.
        const plan = [begin, begin + 6].flatMap((read) => silent.map((at) => `never@${read + at}`));
        const long = "nx cat fixtures/long.bin";
        const run = `${long}; ${long}; ${cat}; nx audit`;
        const report = await boot(run, legacy, plan.join(","), disk);
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
        "is another disk after the reset",
        "67(IdentityChanged)",
        () => `used-id@${first},capacity-large@${asked.configReads + 1}-`,
      ],
      [
        "has no capacity after it",
        "75(NoSectors)",
        () => `used-id@${first},capacity-zero@${asked.configReads + 1}-`,
      ],
    ])(
      "a device that %s is given up at once (fault %s): its clients are told, and go on",
      async (_what, fault, plan) => {
        const report = await boot(`${warm}; ${info}; ${cat}; nx audit`, legacy, plan());
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
      "a device that never does anything right again is given up after four resets",
      async () => {
        const report = await boot(`${warm}; ${info}; ${cat}; nx audit`, legacy, `used-id@${first}-`);
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

  describe("for good: the run ends with what was wrong, and no fixtures take the disk's place", () => {
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
        const report = await boot(selfTests, legacy, plan);
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

test("every kind of fault has its place here", () => {
  const kinds = new Set([
    ...ofRequests.map(([kind]) => kind),
    ...unnoticed.map((plan) => defined(plan.split("@")[0])),
    "data",
    "capacity-zero",
  ]);
  expect([...kinds].sort()).toEqual(faultKinds.map(([name]) => name).sort());
});

test(
  "a fault plan is part of the run: the same plan and seed give the same state",
  async () => {
    const plan = { faults: parseFaults("status-unknown@4,used-twice@6") };
    const first = await bootEmbedded(plan);
    const again = await bootEmbedded(plan);
    expect(again.stateHash).toBe(first.stateHash);
    expect((await bootEmbedded()).stateHash).not.toBe(first.stateHash);
  },
  BOOT_TIMEOUT_MS,
);
