// The whole system with a disk that misbehaves: each kind of fault, in both versions of virtio-mmio, strikes single answers. A
// temporary fault is only recorded. If a fault strikes all tries of a read, the client gets its error, and the next request
// works. Wrong data is never delivered, and each run ends. The runs go in parallel. lasting-faults.test.ts has faults that last.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { faultKinds, parseFaults } from "../../machine/host/faults.ts";
import { defined } from "../harness/defined.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, buildOnce, explain } from "./booting.ts";
import {
  answersOf,
  askedBy,
  bootWithFaults,
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

const harmless: Outcome = {};
/** The driver notices one answer too many by the index; or, while another read is not answered, by its number. */
const twice: Outcome = { ...lie("32(UsedIndexJump)"), besideCheck: "34(UsedIdFree)" };

/** Kinds that concern one request. Version 1 cannot ask for a reset, and its lengths have no meaning. */
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

/** Kinds without consequence: nothing is wrong, or the driver cannot notice it. */
const unnoticed = ["capacity-large", "reset-stuck", "config-changing@2", "storm@2-3"];

/** How many requests the tries make: after a reset, the next try is followed by a check of the device. */
const requestsOf = ({ fault, status }: Outcome): number =>
  status === undefined ? 1 : fault === undefined ? TRIES_MAX : 2 * TRIES_MAX - 1;

const image = async (): Promise<Buffer> => readFileSync(join(root, (await buildOnce()).outputs.packageImage));

/** Checks that every fault is recorded, and of the read only the tries before the successful one. */
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

    // It strikes twice: at the index while the image is mounted, and then at every try of a command's read.
    test.concurrent.each(ofRequests.map(([kind, modern, old]) => [kind, legacy ? old : modern] as const))(
      "%s: once, it is only recorded; in all tries of a read, the client is told, and the next read works",
      async (kind, outcome) => {
        const { status, fault, besideCheck } = outcome;
        const tries = status === undefined ? 1 : TRIES_MAX;
        const resets = fault === undefined ? 0 : 1;
        // The read of the index was tried once more, with a check if there was a reset.
        const begin = request + (status === undefined ? 0 : 1) + (fault === undefined ? 0 : 1);
        const plan = `${kind}@3,${kind}@${begin}-${begin + requestsOf(outcome) - 1}`;
        const report = await bootWithFaults(`selftest-client; ${info}; ${info}; nx audit`, legacy, plan);
        const digest = createHash("sha256")
          .update((await image()).subarray(0, 4096))
          .digest("hex");
        const good = expect.stringMatching(`^nx: vblk .* sha256=${digest}$`);
        const trail = trailOf(report).map((each) => each.replace(`fault ${besideCheck},`, `fault ${fault},`));
        const before = records(outcome, { client: PACKAGEFSD, sector: 8, tries: 1 });
        // Beside a check, the driver may take the first of two equal answers before it sees the second. Then that read
        // succeeds and is the last one, and the rest of the plan strikes the checks of the device.
        const [first] = answersOf(report);
        const isTakenEarly = besideCheck !== undefined && first?.startsWith("nx: vblk ") === true;
        // The self-tests have passed, and the only problem is that the command failed.
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
      "%s: everything goes on, and the fault is recorded",
      async (plan, trail) => {
        const report = await bootWithFaults(selfTests, legacy, plan);
        expect(report.ok, explain(report)).toBe(true);
        expect(trailOf(report)).toEqual(trail);
      },
      BOOT_TIMEOUT_MS,
    );

    test.concurrent.each(unnoticed)(
      "%s: the driver does not notice it",
      async (plan) => {
        const report = await bootWithFaults(selfTests, legacy, plan);
        expect(report.ok, explain(report)).toBe(true);
        expect(trailOf(report)).toEqual([]);
      },
      BOOT_TIMEOUT_MS,
    );
  });
});

test("every kind of fault is tested, here or in lasting-faults.test.ts", () => {
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
