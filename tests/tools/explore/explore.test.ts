// Exploration finds bugs that were planted on purpose, says what they are, and leaves a recording that shows them again.
// Each plant is a copy of the repository whose kernel is compiled anew.

import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { list, number, object, readJson, type Shaped, text, truth } from "../../../host/json.ts";
import { root } from "../../../host/root.ts";
import { defined } from "../../harness/defined.ts";
import { BOOT_TIMEOUT_MS, buildOnce } from "../../machine/booting.ts";
import { type Change, plant } from "./planted.ts";

const PLANT_TIMEOUT_MS = 600_000;

const KERNEL = "source/kernel/neuron/src";

const exploreReport = object({
  ok: truth,
  seeds: number,
  failed: list(object({ seed: text, problems: list(text), harts: list(text), replay: text })),
});
type Report = Shaped<typeof exploreReport>;

function explore(folder: string, ...args: string[]): { status: number | null; report: Report } {
  const run = spawnSync(join(folder, "nx"), ["explore", "--json", ...args], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (run.stdout === "") {
    throw new Error(run.stderr);
  }
  return { status: run.status, report: readJson(run.stdout, "the report", exploreReport) };
}

interface Plant {
  name: string;
  changes: Change[];
  args: string[];
  /** What the first failing seed has to say. */
  finding: RegExp;
}

/** A run in which harts interrupt each other all the time. */
const flood = ["--run", "attacker ipis"];

/** A page that is unmapped on one hart and touched on another. */
const touchUnmapped = ["--run", "fault-probe unmapped"];

/** Interrupts are stores to a device, which nothing but a fence orders after stores to memory. */
const weakDoorbell = ["--aclint", "--chaos", "switch,weak-stores", ...flood];
const plainMailbox: Change = {
  file: `${KERNEL}/arch/riscv/ipi.ts`,
  find: "  target.mailbox.set(1 << (MAIL_SENT_SHIFT + self.index));",
  replace: `  const box = changetype<usize>(target.mailbox);
  store<u32>(box, load<u32>(box) | (1 << (MAIL_SENT_SHIFT + self.index)));`,
};
const noFence: Change = {
  file: `${KERNEL}/arch/riscv/ipi.ts`,
  find: "    fenceIo(); // the mailbox bit is seen before the interrupt is\n",
  replace: "",
};

const plants: Plant[] = [
  {
    name: "a mailbox whose interrupt is cleared after it was read",
    changes: [
      { file: `${KERNEL}/arch/riscv/ipi.ts`, find: "  clearSip(SIE_SSIE);\n", replace: "" },
      {
        file: `${KERNEL}/trap.ts`,
        find: "  if (which === Interrupt.SupervisorSoftware) {\n    readMail(hart);\n",
        replace: `  if (which === Interrupt.SupervisorSoftware) {
    readMail(hart);
    clearSip(SIE_SSIE);
`,
      },
      {
        file: `${KERNEL}/trap.ts`,
        find: "import { outOfLine, readTime, wfi } from",
        replace: "import { clearSip, outOfLine, readTime, wfi } from",
      },
    ],
    args: ["--seeds", "1..4", ...flood],
    finding: /^lost wake-up: hart .* sent hart . an interrupt, which was lost/,
  },
  {
    name: "a mailbox without a fence before the interrupt",
    changes: [plainMailbox, noFence],
    args: ["--seeds", "1..4", ...weakDoorbell],
    finding: /^lost wake-up: hart .* sent hart . an interrupt, which was lost/,
  },
  {
    name: "a hart that is not to forget a page that is gone",
    changes: [
      {
        file: `${KERNEL}/lifecycle/memory.ts`,
        find: "  spaceChanged(space);\n  forget(mapping);",
        replace: "  forget(mapping);",
      },
    ],
    args: ["--seeds", "1..2", "--chaos", "stale-translation", ...touchUnmapped],
    finding: /^fault-probe ended: exit code 1\(Failed\)/,
  },
  {
    name: "a page that is gone for the hart that unmapped it, and for no other",
    changes: [
      {
        file: `${KERNEL}/sched/space.ts`,
        find: "  task.seenBy = 0;\n",
        replace: "  task.seenBy &= ~((<u32>1) << thisHart().index);\n",
      },
    ],
    args: ["--seeds", "1..2", "--chaos", "stale-translation", ...touchUnmapped],
    finding: /^fault-probe ended: exit code 1\(Failed\)/,
  },
  {
    name: "a remote fence that does not look whether the other hart is about to stop",
    changes: [
      {
        file: `${KERNEL}/lifecycle/memory.ts`,
        find: "  spaceChanged(space);\n  forget(mapping);",
        replace: `  spaceChanged(space);
  for (let i: u32 = 0; i < hartCount(); i++) {
    if (i === thisHart().index || !isOnline(i)) continue;
    sbiCall(0x52464e43, 1, 1, hartAt(i).hartid, 0, u64.MAX_VALUE, 0);
  }
  forget(mapping);`,
      },
      {
        file: `${KERNEL}/lifecycle/memory.ts`,
        find: 'import { releaseVmo, retainVmo, Vmo } from "../mm/vmo";',
        replace: `import { hartAt, hartCount, isOnline, thisHart } from "../arch/riscv/hart";
import { sbiCall } from "../arch/riscv/sbi/call";
import { releaseVmo, retainVmo, Vmo } from "../mm/vmo";`,
      },
    ],
    args: ["--seeds", "1..8", "--chaos", "slow-firmware", "--run", "chaos harts 100"],
    finding: /^lost fence: physical hart . asked hart . for a remote fence while that one stopped/,
  },
  {
    name: "a hart that is online before its queue is open",
    changes: [
      // For 10 ms, because the task that has it started looks 2,000 times a second whether it is there.
      {
        file: `${KERNEL}/sched/queue.ts`,
        find: "    this.lock.acquire();\n    const takesPart = announce(hart);\n",
        replace:
          "    const takesPart = announce(hart);\n    for (const from = readTime(); readTime() < from + 100_000; );\n    this.lock.acquire();\n",
      },
      {
        file: `${KERNEL}/sched/queue.ts`,
        find: 'import { announce } from "../arch/riscv/smp";\n',
        replace:
          'import { announce } from "../arch/riscv/smp";\nimport { readTime } from "../arch/riscv/intrinsics";\n',
      },
    ],
    args: ["--seeds", "1..4", "--smp", "2", "--run", "chaos harts 20"],
    finding: /^the kernel panicked: PANIC .* assertion failed at .*wake\.ts/,
  },
  {
    name: "a task that waits for a hart to start, and does not look again",
    changes: [
      {
        file: `${KERNEL}/syscall/harts.ts`,
        find: "    armDeadline(hart, task, nextLook());\n",
        replace: "",
      },
    ],
    args: ["--seeds", "1..2", "--run", "chaos harts 1"],
    finding: /^the machine ended with status 1/,
  },
  {
    name: "a memory object that a task was about to make when it ended",
    changes: [
      {
        file: `${KERNEL}/lifecycle/reap.ts`,
        find: "  if (making !== null) {\n    releaseVmo(making);\n  }\n",
        replace: "",
      },
    ],
    args: ["--seeds", "1..4", "--run", "attacker delays"],
    finding: /^leak: memory object at 0x[0-9a-f]+ counts 1 references, but the walk found 0/,
  },
  {
    name: "a reference to a task that is given back too seldom",
    changes: [
      {
        file: `${KERNEL}/lifecycle/kill.ts`,
        find: "  const isEnded = endIfIdle(task);\n    releaseTask(task);",
        replace: "  const isEnded = endIfIdle(task);",
      },
    ],
    args: ["--seeds", "1..4", "--run", "attacker kin"],
    finding: /^leak: task at 0x[0-9a-f]+ counts \d+ references, but the walk found \d+/,
  },
  {
    name: "a wake-up that is dropped at the IPI limit",
    changes: [
      {
        file: `${KERNEL}/arch/riscv/ipi.ts`,
        find: "  const before = target.mailbox.set(1 << self.index);",
        replace: `  if (self.ipiTokens <= floor) return true;
  const before = target.mailbox.set(1 << self.index);`,
      },
    ],
    args: ["--seeds", "1..4", "--from", "pkgfs: mounted", ...flood],
    finding: /^lost wake-up: a task of class .* waits in the queue of hart ., which was not told/,
  },
  {
    name: "locks that are taken in the wrong order",
    changes: [
      {
        file: `${KERNEL}/ipc/call.ts`,
        find: "  endpoint.lock.acquire();\n  const receiver = claimReceiver(endpoint);",
        replace: `  endpoint.lock.acquire();
  planted.acquire();
  planted.release();
  const receiver = claimReceiver(endpoint);`,
      },
      {
        file: `${KERNEL}/ipc/call.ts`,
        find: 'import { armDeadline } from "../sched/deadline";\n',
        replace: `import { LOCK_BYTES, Lock } from "../sync/lock";
import { armDeadline } from "../sched/deadline";
/** Of the lowest rank, as a notification's. */
const planted = changetype<Lock>(memory.data(LOCK_BYTES, 8));
`,
      },
    ],
    args: ["--seeds", "1..2"],
    finding: /^lock order: a lock was taken out of order at .*call\.ts.*held locks of rank 1/,
  },
  {
    name: "two locks in both orders, and nothing that checks it",
    changes: [
      {
        file: `${KERNEL}/trap.ts`,
        find: "function schedule(hart: Hart): void {\n",
        replace: `function schedule(hart: Hart): void {
  const first = changetype<Lock>(planted + (hart.index & 1) * LOCK_BYTES);
  const second = changetype<Lock>(planted + (1 - (hart.index & 1)) * LOCK_BYTES);
  first.acquire();
  for (let i: u32 = 0; i < 100; i++) readTime();
  second.acquire();
  second.release();
  first.release();
`,
      },
      {
        file: `${KERNEL}/trap.ts`,
        find: "/** From trap.S: system call `number` of the running task, its arguments in its frame. */\n",
        replace: `import { LOCK_BYTES, Lock } from "./sync/lock";
const planted: usize = memory.data(2 * LOCK_BYTES, 8);

/** From trap.S: system call \`number\` of the running task, its arguments in its frame. */
`,
      },
      { file: `${KERNEL}/sync/order.ts`, find: "  assert(hart.heldRanks >> rank === 0);\n", replace: "" },
    ],
    args: ["--seeds", "1..4", "--chaos", "switch"],
    finding: /^deadlock: every hart that is awake waits for a lock; hart . in schedule .*trap\.ts/,
  },
  {
    name: "a hart that never says that it is there",
    changes: [
      {
        file: `${KERNEL}/arch/riscv/smp.ts`,
        find: "export function announce(hart: Hart): bool {\n",
        replace: "export function announce(hart: Hart): bool {\n  if (hart.index === 2) hsm.hartStop();\n",
      },
    ],
    args: ["--seeds", "1..2"],
    finding: /^missing hart: hart 2 \(physical .\) does not take part, and is stopped/,
  },
];

// Each copy takes along what was built, the machine as well.
beforeAll(async () => {
  await buildOnce();
}, BOOT_TIMEOUT_MS);

describe("exploration finds", () => {
  test.each(plants.map((planted) => [planted.name, planted] as const))(
    "%s",
    (_name, { changes, args, finding }) => {
      const { folder, remove } = plant(changes);
      try {
        const { status, report } = explore(folder, ...args);
        expect(status).toBe(1);
        const [first] = report.failed;
        expect(report.failed.map(({ problems }) => problems[0])).toEqual(
          expect.arrayContaining([expect.stringMatching(finding)]),
        );
        expect(first?.harts.length).toBeGreaterThan(0);
        // The command that it names shows the same again, to the last byte.
        const words = defined(first).replay.split(" ").slice(1);
        expect(execFileSync(join(folder, "nx"), words, { cwd: folder, encoding: "utf8" })).toContain(
          "the same run",
        );
      } finally {
        remove();
      }
    },
    PLANT_TIMEOUT_MS,
  );
});

describe("without a bug", () => {
  test(
    "the mailbox of the tests above works with its fence",
    () => {
      const { folder, remove } = plant([plainMailbox]);
      try {
        expect(explore(folder, "--seeds", "1..4", ...weakDoorbell)).toMatchObject({ status: 0 });
      } finally {
        remove();
      }
    },
    PLANT_TIMEOUT_MS,
  );

  test(
    "no seed fails, with and without chaos",
    () => {
      expect(explore(root, "--seeds", "1..8")).toMatchObject({ status: 0, report: { ok: true, seeds: 8 } });
      expect(explore(root, "--seeds", "1..4", "--chaos")).toMatchObject({ status: 0, report: { seeds: 4 } });
    },
    PLANT_TIMEOUT_MS,
  );

  test(
    "seeds that part at a console line are separate runs",
    () => {
      const from = ["--from", "pkgfs: mounted"];
      expect(explore(root, "--seeds", "1..8", ...from)).toMatchObject({ status: 0, report: { seeds: 8 } });
      const { report } = explore(root, "--seeds", "1", "--from", "no such line");
      expect(report.failed[0]?.problems.join()).toContain('no line of the console contains "no such line"');
    },
    PLANT_TIMEOUT_MS,
  );

  test(
    "shards share the seeds",
    () => {
      const seeds = ["1/3", "2/3", "3/3"].map((part) =>
        explore(root, "--seeds", "1..4", "--shard", part, "--smp", "1"),
      );
      expect(seeds.map(({ report }) => report.seeds)).toEqual([2, 1, 1]);
    },
    PLANT_TIMEOUT_MS,
  );
});
