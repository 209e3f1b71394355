// The table's rows: what a path may cost, and what it costs elsewhere.
//
// `budget` is what was measured when the path was last looked at, and about 5 % more: a path that becomes slower is
// noticed in the test of the change. A path that became faster gets a smaller one. Boots have a tenth: they grow with every program
// that is verified on the way.
//
// Where the anchors come from stands in docs/benchmarks.md.

/** One row of the table. */
export interface Row {
  /** As the guest's program calls it, or bench/kernel/boots.ts. */
  name: string;
  /** The most instructions that it may take. */
  budget: number;
  /** Instructions of the same thing elsewhere. */
  xv6?: number;
  seL4?: number;
  freertos?: number;
}

/** In the order of the table. */
export const rows: readonly Row[] = [
  { name: "null system call", budget: 108, xv6: 1_128 },
  { name: "yield, no other task to run", budget: 335, seL4: 472 },
  { name: "signal, no task waits", budget: 187, seL4: 430 },
  { name: "yield, with switch", budget: 336, seL4: 511, freertos: 173, xv6: 8_062 },
  { name: "signal a waiting task, switch to it", budget: 530, seL4: 978, freertos: 443 },
  { name: "call and reply, 4 words", budget: 745, seL4: 538, freertos: 885, xv6: 95_828 },
  { name: "call and reply, 64 bytes", budget: 909, seL4: 1_886 },
  { name: "call and reply, 4096 bytes", budget: 3_430 },
  { name: "map a 4 KiB page", budget: 672, seL4: 746 },
  { name: "unmap a 4 KiB page", budget: 282 },
  { name: "create, run, end and reap a task", budget: 14_700, xv6: 1_637_000 },
  { name: "wake a task on another hart: waking hart", budget: 366 },
  { name: "wake a task on another hart: woken hart", budget: 236 },
  { name: "read 4 KiB of a file, from disk", budget: 260_720, xv6: 417_133 },
  { name: "read 4 KiB of a file, cached", budget: 3_040, xv6: 119_880 },
  { name: "read 4 KiB of the disk", budget: 4_750 },
  { name: "reset to the kernel's first line, 1 hart", budget: 387_000 },
  { name: "reset to the first task's line, 1 hart", budget: 12_400_000 },
  { name: "reset to the shell's prompt, 1 hart", budget: 36_500_000 },
  { name: "reset to the kernel's first line, 4 harts", budget: 444_000 },
  { name: "reset to the first task's line, 4 harts", budget: 12_400_000 },
  { name: "reset to the shell's prompt, 4 harts", budget: 36_500_000, xv6: 427_000_000 },
];
