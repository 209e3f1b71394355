// The bugs that explore.test.ts plants in the kernel, and what exploration has to say of each.

import type { ExploredWords } from "../../../tools/explore/order.ts";
import type { Change } from "./planted.ts";

export interface Plant {
  name: string;
  changes: (isPlanted: string) => Change[];
  /** The seeds are tried in turn until one fails. */
  seeds: number;
  words: Partial<ExploredWords>;
  /** What the failing seed has to say. */
  finding: RegExp;
}

/** A run in which harts interrupt each other all the time. */
export const flood = { run: "attacker ipis" };

/** A page that is unmapped on one hart and touched on another. */
const touchUnmapped = { run: "fault-probe unmapped" };

/** Interrupts are stores to a device, and only a fence orders them. */
export const weakDoorbell = { aclint: true, chaos: "switch,weak-stores", ...flood } as const;

export const plants: readonly Plant[] = [
  {
    name: "a mailbox whose interrupt is cleared after it was read",
    changes: (isPlanted) => [
      {
        file: "arch/riscv/ipi.ts",
        find: "  clearSip(SIE_SSIE);\n",
        replace: `  if (!${isPlanted}) clearSip(SIE_SSIE);\n`,
      },
      {
        file: "trap.ts",
        find: "  if (which === Interrupt.SupervisorSoftware) {\n    readMail(hart);\n",
        replace: `  if (which === Interrupt.SupervisorSoftware) {
    readMail(hart);
    if (${isPlanted}) clearSip(SIE_SSIE);
`,
      },
      {
        file: "trap.ts",
        find: "import { outOfLine, readTime, wfi } from",
        replace: "import { clearSip, outOfLine, readTime, wfi } from",
      },
    ],
    seeds: 4,
    words: flood,
    finding: /^lost wake-up: hart .* sent hart . an interrupt, which was lost/,
  },
  {
    name: "a mailbox without a fence before the interrupt",
    changes: (isPlanted) => [
      {
        file: "arch/riscv/ipi.ts",
        find: "    fenceIo(); // the mailbox bit is seen before the interrupt is\n",
        replace: `    if (!${isPlanted}) fenceIo();\n`,
      },
    ],
    seeds: 4,
    words: weakDoorbell,
    finding: /^lost wake-up: hart .* sent hart . an interrupt, which was lost/,
  },
  {
    name: "a hart that is not to forget a page that is gone",
    changes: (isPlanted) => [
      {
        file: "lifecycle/memory.ts",
        find: "  spaceChanged(space);\n  forget(mapping);",
        replace: `  if (!${isPlanted}) spaceChanged(space);\n  forget(mapping);`,
      },
    ],
    seeds: 2,
    words: { chaos: "stale-translation", ...touchUnmapped },
    finding: /^fault-probe ended: exit code 1\(Failed\)/,
  },
  {
    name: "a page that is gone for the hart that unmapped it, and for no other",
    changes: (isPlanted) => [
      {
        file: "sched/space.ts",
        find: "  task.seenBy = 0;\n",
        replace: `  task.seenBy = ${isPlanted} ? task.seenBy & ~((<u32>1) << thisHart().index) : 0;\n`,
      },
    ],
    seeds: 2,
    words: { chaos: "stale-translation", ...touchUnmapped },
    finding: /^fault-probe ended: exit code 1\(Failed\)/,
  },
  {
    name: "a remote fence that does not look whether the other hart is about to stop",
    changes: (isPlanted) => [
      {
        file: "lifecycle/memory.ts",
        find: "  forget(mapping);\n}\n",
        replace: `  for (let i: u32 = 0; ${isPlanted} && i < hartCount(); i++) {
    if (i === thisHart().index || !isOnline(i)) continue;
    sbiCall(0x52464e43, 1, 1, hartAt(i).hartid, 0, u64.MAX_VALUE, 0);
  }
  forget(mapping);
}
`,
      },
      {
        file: "lifecycle/memory.ts",
        find: 'import { releaseVmo, retainVmo, Vmo } from "../mm/vmo";',
        replace: `import { hartAt, hartCount, isOnline, thisHart } from "../arch/riscv/hart";
import { sbiCall } from "../arch/riscv/sbi/call";
import { releaseVmo, retainVmo, Vmo } from "../mm/vmo";`,
      },
    ],
    seeds: 8,
    words: { chaos: "slow-firmware", run: "chaos harts 100" },
    finding: /^lost fence: physical hart . asked hart . for a remote fence while that one stopped/,
  },
  {
    name: "a hart that is online before its queue is open",
    changes: (isPlanted) => [
      // For 10 ms, because the task that has it started looks 2,000 times a second whether it is there.
      {
        file: "sched/queue.ts",
        find: "    this.lock.acquire();\n    const takesPart = announce(hart);\n",
        replace: `    if (!${isPlanted}) this.lock.acquire();
    const takesPart = announce(hart);
    if (${isPlanted}) {
      for (const from = readTime(); readTime() < from + 100_000; );
      this.lock.acquire();
    }
`,
      },
      {
        file: "sched/queue.ts",
        find: 'import { announce } from "../arch/riscv/smp";\n',
        replace:
          'import { announce } from "../arch/riscv/smp";\nimport { readTime } from "../arch/riscv/intrinsics";\n',
      },
    ],
    seeds: 4,
    words: { smp: 2, run: "chaos harts 20" },
    finding: /^the kernel panicked: PANIC .* assertion failed at .*wake\.ts/,
  },
  {
    name: "a task that waits for a hart to start, and does not look again",
    changes: (isPlanted) => [
      {
        file: "syscall/harts.ts",
        find: "    armDeadline(hart, task, nextLook());\n",
        replace: `    if (!${isPlanted}) armDeadline(hart, task, nextLook());\n`,
      },
    ],
    seeds: 2,
    words: { run: "chaos harts 1" },
    finding: /^the machine ended with status 1/,
  },
  {
    name: "a memory object that a task was about to make when it ended",
    changes: (isPlanted) => [
      {
        file: "lifecycle/reap.ts",
        find: "  if (making !== null) {\n    releaseVmo(making);\n  }\n",
        replace: `  if (making !== null && !${isPlanted}) {\n    releaseVmo(making);\n  }\n`,
      },
    ],
    seeds: 4,
    words: { run: "attacker delays" },
    finding: /^leak: memory object at 0x[0-9a-f]+ counts 1 references, but the walk found 0/,
  },
  {
    name: "a reference to a task that is given back too seldom",
    changes: (isPlanted) => [
      {
        file: "lifecycle/kill.ts",
        find: "  const isEnded = endIfIdle(task);\n    releaseTask(task);",
        replace: `  const isEnded = endIfIdle(task);\n    if (!${isPlanted}) releaseTask(task);`,
      },
    ],
    seeds: 4,
    words: { run: "attacker kin" },
    finding: /^leak: task at 0x[0-9a-f]+ counts \d+ references, but the walk found \d+/,
  },
  {
    name: "a wake-up that is dropped at the IPI limit",
    changes: (isPlanted) => [
      {
        file: "arch/riscv/ipi.ts",
        find: "  const before = target.mailbox.set(1 << self.index);",
        replace: `  if (${isPlanted} && self.ipiTokens <= floor) return true;
  const before = target.mailbox.set(1 << self.index);`,
      },
    ],
    seeds: 4,
    words: { from: "pkgfs: mounted", ...flood },
    finding: /^lost wake-up: a task of class .* waits in the queue of hart ., which was not told/,
  },
  {
    name: "locks that are taken in the wrong order",
    changes: (isPlanted) => [
      {
        file: "ipc/call.ts",
        find: "  endpoint.lock.acquire();\n  const receiver = claimReceiver(endpoint);",
        replace: `  endpoint.lock.acquire();
  if (${isPlanted}) {
    plantedLock.acquire();
    plantedLock.release();
  }
  const receiver = claimReceiver(endpoint);`,
      },
      {
        file: "ipc/call.ts",
        find: 'import { armDeadline } from "../sched/deadline";\n',
        replace: `import { LOCK_BYTES, Lock } from "../sync/lock";
import { armDeadline } from "../sched/deadline";
/** Of the lowest rank, as a notification's. */
const plantedLock = changetype<Lock>(memory.data(LOCK_BYTES, 8));
`,
      },
    ],
    seeds: 2,
    words: {},
    finding: /^lock order: a lock was taken out of order at .*call\.ts.*held locks of rank 1/,
  },
  {
    name: "two locks in both orders, and nothing that checks it",
    changes: (isPlanted) => [
      {
        file: "trap.ts",
        find: "function schedule(hart: Hart): void {\n",
        replace: `function takeBoth(hart: Hart): void {
  const first = changetype<Lock>(plantedLocks + (hart.index & 1) * LOCK_BYTES);
  const second = changetype<Lock>(plantedLocks + (1 - (hart.index & 1)) * LOCK_BYTES);
  first.acquire();
  for (let i: u32 = 0; i < 100; i++) readTime();
  second.acquire();
  second.release();
  first.release();
}

function schedule(hart: Hart): void {
  if (${isPlanted}) takeBoth(hart);
`,
      },
      {
        file: "trap.ts",
        find: "/** From trap.S: system call `number` of the running task, its arguments in its frame. */\n",
        replace: `import { LOCK_BYTES, Lock } from "./sync/lock";
const plantedLocks: usize = memory.data(2 * LOCK_BYTES, 8);

/** From trap.S: system call \`number\` of the running task, its arguments in its frame. */
`,
      },
      {
        file: "sync/order.ts",
        find: "export function enterRank(rank: u32): void {\n  if (!CHECKED) {\n",
        replace: `export function enterRank(rank: u32): void {\n  if (!CHECKED || ${isPlanted}) {\n`,
      },
    ],
    seeds: 4,
    words: { chaos: "switch" },
    finding: /^deadlock: every hart that is awake waits for a lock; hart . in (takeBoth|schedule) .*trap\.ts/,
  },
  {
    name: "a hart that never says that it is there",
    changes: (isPlanted) => [
      {
        file: "arch/riscv/smp.ts",
        find: "export function announce(hart: Hart): bool {\n",
        replace: `export function announce(hart: Hart): bool {\n  if (${isPlanted} && hart.index === 2) hsm.hartStop();\n`,
      },
    ],
    seeds: 2,
    words: {},
    finding: /^missing hart: hart 2 \(physical .\) does not take part, and is stopped/,
  },
];

/** In the place of an atomic operation, which would order the interrupt by itself. It is no bug where there is a fence. */
export const plainMailbox: Change = {
  file: "arch/riscv/ipi.ts",
  find: "  target.mailbox.set(1 << (MAIL_SENT_SHIFT + self.index));",
  replace: `  const box = changetype<usize>(target.mailbox);
  store<u32>(box, load<u32>(box) | (1 << (MAIL_SENT_SHIFT + self.index)));`,
};
