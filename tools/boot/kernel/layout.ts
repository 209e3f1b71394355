// Reads the layout of the kernel's memory (host/debug/layout.ts) from its build: offsets of fields, sizes and counts are
// compiled from the kernel's own classes, and the addresses of its tables are constants in its Wasm.
//
// The one idea: the host code contains no number of the kernel's layout. A name that the kernel does not have stops the
// build of the layout, and a name that was not listed here throws.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LayoutData } from "../../../host/debug/layout.ts";
import { readElf } from "../../../host/elf.ts";
import { Problem } from "../../../host/problem.ts";
import { root } from "../../../host/root.ts";
import { RAM_START } from "../../../machine/host/machine.ts";
import { compileConstants } from "../../../toolchain/asc/constants.ts";
import { readModule } from "../../../toolchain/wasm/reader.ts";

const KERNEL = "source/kernel/neuron/src";

/** The classes that are read, and their fields. */
const classes: Readonly<Record<string, readonly [file: string, fields: readonly string[]]>> = {
  Hart: ["arch/riscv/hart", ["heldRanks", "index", "online0", "hartid", "running", "ticks", "mailbox0"]],
  RunQueue: ["sched/queue", ["waiting"]],
  Pool: ["mm/pool", ["first", "base", "stride", "count"]],
  Task: [
    "task/objects",
    [
      "index",
      "wait",
      "references0",
      "stateWord",
      "root",
      "endNotification",
      "bound",
      "maker",
      "nextSibling",
      "children0",
      "lingers",
      "making",
      "faultNotification",
      "faultTaker",
      "debugs",
      "queue",
      "nameLow",
      "id",
      "ownClass",
    ],
  ],
  Capability: ["task/handles", ["kind", "rights", "object"]],
  Mapping: ["task/mapping", ["pages", "vmo"]],
  Endpoint: ["task/objects", ["references0", "receiveRights0"]],
  Notification: ["task/objects", ["references0"]],
  Vmo: ["mm/vmo", ["pages", "references0", "job"]],
  Pin: ["dma/pins", ["vmo"]],
  Queue: ["dma/queue", ["vmo"]],
  Binding: ["irq/interrupts", ["notification"]],
};

/** Constants, each with the file that has it. */
const constants: readonly (readonly [name: string, file: string])[] = [
  ["HART_STRIDE", `${KERNEL}/arch/riscv/frame`],
  ["MAIL_SENT_SHIFT", `${KERNEL}/arch/riscv/ipi`],
  ["MAIL_SENDERS", `${KERNEL}/arch/riscv/ipi`],
  ["QUEUE_STRIDE", `${KERNEL}/sched/queue`],
  ["MAPPINGS_MAX", `${KERNEL}/task/mappings`],
  ["PIN_RECORDS", `${KERNEL}/dma/pins`],
  ["VIRTIO_SLOTS_MAX", `${KERNEL}/boot/devices`],
  ["PLIC_SOURCES_MAX", `${KERNEL}/arch/riscv/plic`],
  ["ORDER_MAX", `${KERNEL}/mm/frames`],
];

/** Tables, by the names of the constants that hold their addresses. */
const tables = [
  "sched/queue/table",
  "task/task/pool",
  "task/handles/table",
  "task/mappings/table",
  "task/endpoint/endpointPool",
  "task/endpoint/notificationPool",
  "mm/vmo/pool",
  "dma/pins/table",
  "dma/queue/table",
  "irq/interrupts/table",
  "mm/frames/heads",
  "ipc/console/owner",
] as const;

/** Reads the layout. @param wasm the kernel's Wasm, as the build left it, relative to the root */
export async function readLayout(elf: Uint8Array, wasm: string): Promise<LayoutData> {
  const harts = readElf(elf, "the kernel").symbols.find(({ name }) => name === "harts")?.address;
  const { globals } = readModule(new Uint8Array(readFileSync(join(root, wasm))));
  const address = (table: string): readonly [string, number] => {
    const value = globals.find(({ name }) => name === `${KERNEL}/${table}`)?.value;
    return [table, physical(value, table)];
  };
  return {
    numbers: await readNumbers(),
    addresses: { ...Object.fromEntries(tables.map(address)), harts: physical(harts, "harts") },
  };
}

/** Kernel addresses of RAM are physical addresses, sign-extended (docs/architecture). */
function physical(address: bigint | undefined, name: string): number {
  const low = Number(BigInt.asUintN(32, address ?? 0n));
  if (low >= RAM_START) {
    return low;
  }
  throw new Problem(`${name} cannot be found in the kernel's build`, {
    hints: ["look at the constants of build/wasm/neuron.wasm and the symbols of build/neuron.elf"],
  });
}

/** Compiles a module with only the numbers. The name of an export cannot have a dot, so it has `$` instead. */
async function readNumbers(): Promise<Record<string, number>> {
  const ofClasses = Object.entries(classes).flatMap(([name, [file, fields]]) => [
    `import { ${name} } from "./${KERNEL}/${file}";`,
    `export const size$${name}: u32 = <u32>offsetof<${name}>();`,
    ...fields.map((field) => `export const ${name}$${field}: u32 = <u32>offsetof<${name}>("${field}");`),
  ]);
  const ofConstants = constants.flatMap(([name, file]) => [
    `import { ${name} } from "./${file}";`,
    `export const constant$${name}: u32 = <u32>${name};`,
  ]);
  const text = [...ofClasses, ...ofConstants].join("\n");
  const numbers = await compileConstants("kernel-layout.ts", text);
  return Object.fromEntries(
    [...numbers].map(([name, value]) => [name.replace(/^(size|constant)\$/, "").replace("$", "."), value]),
  );
}
