// The kernel's rows: what a path may cost, what it should cost, and what it costs in other systems.
//
// `budget` is the last measurement plus 2 % (boots: plus 3 %, because they grow with every program that is verified on the
// way). So the tests notice a change that makes a path slower. When a path becomes faster, its budget is lowered. `target` is
// what the path should reach.
//
// docs/benchmarks.md says where the figures of the other systems come from.

/** What is expected of one row. All numbers are instructions. */
export interface Expectation {
  /** The name that the guest's program or bench/kernel/boots.ts gives it. */
  name: string;
  /** What it may take at most. */
  budget: number;
  /** What it should take at most. */
  target?: number;
  /** How many of the named operations one round does. Default: one. */
  per?: number;
  /** The same thing in other systems. */
  xv6?: number;
  seL4?: number;
  freertos?: number;
}

/** In the order of the table. */
export const expectations: readonly Expectation[] = [
  { name: "null system call", budget: 68, target: 80, xv6: 1_128 },
  { name: "yield, no other task to run", budget: 108, seL4: 472 },
  { name: "signal, no task waits", budget: 148, seL4: 430 },
  { name: "yield, with switch", budget: 241, target: 250, seL4: 511, freertos: 173, xv6: 8_062 },
  { name: "signal a waiting task, switch to it", budget: 426, target: 420, seL4: 978, freertos: 443 },
  { name: "call and reply, 4 words", budget: 453, target: 450, seL4: 538, freertos: 885, xv6: 95_828 },
  { name: "call and reply, 64 bytes", budget: 589, target: 620, seL4: 1_886 },
  { name: "call and reply, 4096 bytes", budget: 2_745 },
  { name: "map a 4 KiB page", budget: 453, target: 450, seL4: 746 },
  { name: "unmap a 4 KiB page", budget: 286 },
  { name: "map in a batch of 64, a page", budget: 11, target: 120, seL4: 746, per: 64 },
  { name: "unmap in a batch of 64, a page", budget: 7, per: 64 },
  { name: "create, run, end and reap a task", budget: 9_420, target: 10_000, xv6: 1_637_000 },
  { name: "wake a task on another hart: waking hart", budget: 317 },
  { name: "wake a task on another hart: woken hart", budget: 227 },
  { name: "read 4 KiB of a file, from disk", budget: 84_900, target: 102_400, xv6: 417_133 },
  { name: "read 4 KiB of a file, cached", budget: 2_423, target: 2_400, xv6: 119_880 },
  { name: "read 4 KiB of the disk", budget: 4_223 },
  { name: "read 4 KiB of a file, cached, pages shared", budget: 90, target: 1_200, xv6: 119_880, per: 32 },
  { name: "reset to the kernel's first line, 1 hart", budget: 377_600 },
  { name: "reset to the first task's line, 1 hart", budget: 2_140_000 },
  { name: "reset to the shell's prompt, 1 hart", budget: 6_491_000 },
  { name: "reset to the kernel's first line, 4 harts", budget: 431_000 },
  { name: "reset to the first task's line, 4 harts", budget: 2_199_000 },
  { name: "reset to the shell's prompt, 4 harts", budget: 6_553_000, target: 12_000_000, xv6: 427_000_000 },
];

/** The rows of images with few and with many files (bench/kernel/scale.ts), in their order. */
export const scaleExpectations: readonly Expectation[] = [
  { name: "mount an image of 10 files", budget: 2_829_000 },
  { name: "look a path up among 10 files", budget: 3_687 },
  { name: "mount an image of 1,000 files", budget: 4_858_000 },
  { name: "look a path up among 1,000 files", budget: 13_866 },
  { name: "mount an image of 100,000 files", budget: 223_402_000 },
  { name: "look a path up among 100,000 files", budget: 1_968_000 },
];

/** What is expected of a row that has to do with hashing (bench/kernel/hash.ts). */
export interface HashExpectation {
  name: string;
  unit: "instructions a byte" | "instructions";
  /** Whether the processor has Zbb. */
  zbb: boolean;
  /** The part of the guest's program. */
  part: "hash" | "files";
  operation: string;
  budget: number;
  target?: number;
}

const hash = { unit: "instructions a byte", part: "hash", operation: "hash 4 KiB" } as const;

/** In the order of the table. */
export const hashExpectations: readonly HashExpectation[] = [
  { ...hash, name: "hash a byte", zbb: false, budget: 18.8, target: 25 },
  // The target is out of BLAKE2b's reach: 10.5 instructions a byte are its sums, XORs and rotations alone (docs/benchmarks.md).
  { ...hash, name: "hash a byte, with Zbb", zbb: true, budget: 12.8, target: 10 },
  {
    name: "read 4 KiB of a file, from disk, with Zbb",
    unit: "instructions",
    zbb: true,
    part: "files",
    operation: "read 4 KiB of a file, from disk",
    budget: 60_650,
  },
];
