// Every program of the guest, as one table: where it begins, where its data goes, and how it reaches the machine.
//
// To add a program: write its `main.ts` (with `export function main(): i32`), add a row, and name it in the topology of
// nexus-init (`source/init/nexus-init/topology.ts`) or start it from the disk.

/** One program of the guest. */
export interface GuestProgram {
  /** Short name, as in the image (`bin/nx`), in the build's output and in the ELF file's name. */
  readonly name: string;
  readonly kind: "kernel" | "task";
  /** The module with the entry point, from the repository's root. */
  readonly entry: string;
  /** Where its static data begins, an unsigned 32-bit address. The linker script places it there. */
  readonly memoryBase: number;
  /** Folders whose `.S` files are linked in (with everything below them). */
  readonly assembly: readonly string[];
  readonly linkerScript: string;
  /** The function that a failed assertion calls: module and function, as asc names them. */
  readonly abort: string;
  /**
   * How it reaches the machine. `kernel`: it is the kernel itself. `bundle`: inside the kernel's image, because it is
   * needed to reach the disk. `package`: on the disk, below `bin/`.
   */
  readonly travels: "kernel" | "bundle" | "package";
  /**
   * Modules with small functions on paths that are measured (`./nx bench kernel`). LLVM inlines these as it usually does, and
   * the functions of all other modules only where that makes the code smaller. Default: as usual, everywhere.
   */
  readonly inlined?: readonly string[];
  /** Modules, and folders of modules, of which LLVM makes as little code as it can. */
  readonly small?: readonly string[];
}

const BUILTINS = "source/libs/builtins";

function task(
  name: string,
  entry: string,
  travels: "bundle" | "package",
  assembly: readonly string[] = [],
  inlined?: readonly string[],
): GuestProgram {
  return {
    name,
    kind: "task",
    entry,
    memoryBase: 0x0100_0000,
    assembly: ["source/runtime", BUILTINS, ...assembly],
    linkerScript: "source/runtime/task.ld",
    abort: "~lib/runtime/panic/abort",
    travels,
    ...(inlined && { inlined }),
  };
}

/**
 * Where the kernel's calls, signals, switches, mappings and a task's life spend their instructions. A module is in this list
 * because without it a row of the bench is slower. Locks are in it for those who look for a fault too: a hart that waits
 * for a lock is then seen in the function that takes it.
 */
const measuredModules: readonly string[] = [
  "neuron/arch/riscv/ipi",
  "neuron/arch/riscv/plic",
  "neuron/arch/riscv/ring",
  "neuron/arch/riscv/timer",
  "neuron/dma/queue",
  "neuron/ipc/call",
  "neuron/ipc/endpoint",
  "neuron/ipc/transfer",
  "neuron/job/job",
  "neuron/lifecycle/memory",
  "neuron/mm/frames",
  "neuron/mm/vmo",
  "neuron/mm/vspace",
  "neuron/sched/deadline",
  "neuron/sched/queue",
  "neuron/sched/schedule",
  "neuron/sched/space",
  "neuron/sched/time",
  "neuron/sched/wake",
  "neuron/sync/lock",
  "neuron/sync/order",
  "neuron/syscall/fast",
  "neuron/syscall/memory",
  "neuron/syscall/offer",
  "neuron/task/handles",
  "neuron/task/task",
];

/** What runs once at boot, at a panic, or in a call that no program makes often. */
const rareModules: readonly string[] = [
  "neuron/arch/riscv/smp",
  "neuron/arch/riscv/virtio",
  "neuron/boot",
  "neuron/diag",
  "neuron/dma/pins",
  "neuron/dma/setup",
  "neuron/ipc/close",
  "neuron/ipc/console",
  "neuron/lifecycle/first",
  "neuron/lifecycle/debug",
  "neuron/lifecycle/fault",
  "neuron/lifecycle/hart",
  "neuron/lifecycle/job",
  "neuron/lifecycle/revoke",
  "neuron/main",
  "neuron/mm/kernelmap",
  "neuron/sched/standstill",
  "neuron/syscall/audit",
  "neuron/syscall/capabilities",
  "neuron/syscall/console",
  "neuron/syscall/debug",
  "neuron/syscall/dma",
  "neuron/syscall/harts",
  "neuron/syscall/info",
  "neuron/syscall/job",
  "neuron/syscall/task",
];

/** Where packagefsd spends its instructions on a read, a look-up and a mount. */
const readingModules: readonly string[] = [
  "libs/blake2b/blake2b",
  "libs/capnp/check",
  "libs/capnp/open",
  "libs/capnp/pointer",
  "libs/capnp/read",
  "libs/capnp/shape",
  "libs/pkgimg/blocks",
  "libs/pkgimg/index",
  "libs/pkgimg/path",
  "libs/pkgimg/verify",
  "runtime/call",
  "runtime/ipc",
  "services/packagefsd/cache",
  "services/packagefsd/clients",
  "services/packagefsd/shares",
];

/** The table. The kernel comes first, because it takes longest to build. */
export const programs: readonly GuestProgram[] = [
  {
    name: "neuron",
    kind: "kernel",
    entry: "source/kernel/neuron/src/main.ts",
    memoryBase: 0x8040_0000,
    assembly: ["source/kernel/neuron/src", BUILTINS],
    linkerScript: "source/kernel/neuron/neuron.ld",
    abort: "source/kernel/neuron/src/diag/panic/abort",
    travels: "kernel",
    inlined: measuredModules,
    small: rareModules,
  },
  task("nexus-init", "source/init/nexus-init/main.ts", "bundle"),
  task("consoled", "source/services/consoled/main.ts", "bundle"),
  task("virtioblkd", "source/services/virtioblkd/main.ts", "bundle"),
  task("packagefsd", "source/services/packagefsd/main.ts", "bundle", [], readingModules),
  task("selftest-client", "source/apps/selftest-client/main.ts", "package"),
  task("cat", "source/apps/cat/main.ts", "package"),
  task("nx", "source/apps/nx/main.ts", "package"),
  task("bench", "source/apps/bench/main.ts", "package", ["source/apps/bench"]),
  task("chaos", "source/apps/chaos/main.ts", "package"),
  task("attacker", "source/apps/attacker/main.ts", "package", ["source/apps/attacker"]),
  task("fault-probe", "source/apps/fault-probe/main.ts", "package", ["source/apps/fault-probe"]),
];

/** The exported constants of this module become `frame.inc` for the kernel's assembly (offsets.ts). */
export const FRAME_MODULE = "source/kernel/neuron/src/arch/riscv/frame.ts";
