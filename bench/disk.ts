// Reading the disk with several reads in flight. What it costs, in exact counts on the embedded machine, and how fast it is on
// QEMU beside a program without a system.

import { progressOn } from "../host/report.ts";
import { build } from "../toolchain/compile.ts";
import { hasQemu } from "../tools/boot/machines/qemu.ts";
import { type Cost, countReads } from "./disk/count.ts";
import { buildReader } from "./disk/reader.ts";
import { costBudgets, throughputTargets } from "./disk/rows.ts";
import { measureThroughput, type Throughput } from "./disk/throughput.ts";
import { readSubject } from "./kernel/run.ts";
import { makeRow, type Row, ratioAtLeast } from "./row.ts";

/** Builds what is stale, and measures. Without QEMU, only what can be counted. */
export async function benchDisk(): Promise<Row[]> {
  const progress = progressOn(process.stderr);
  const rows = costRows(countReads(await readSubject("production", progress)));
  if (!hasQemu()) {
    return rows;
  }
  const outputs = await build({ profile: "production", progress });
  const programs = { kernel: outputs.kernel, tree: outputs.deviceTree, image: outputs.packageImage };
  const found = await measureThroughput({ ...programs, reader: await buildReader() }, progress.note);
  return [...rows, ...throughputRows(found)];
}

/** Three rows for each kind of reads. */
export function costRows(costs: readonly Cost[]): Row[] {
  return costs.flatMap(({ name, instructions, messages, interrupts }) => {
    const budgets = costBudgets.find((each) => each.name === name);
    return [
      makeRow({
        part: "disk",
        name,
        measured: instructions,
        unit: "instructions",
        budget: budgets?.instructions,
      }),
      makeRow({ part: "disk", name, measured: messages, unit: "messages", budget: budgets?.messages }),
      makeRow({ part: "disk", name, measured: interrupts, unit: "interrupts", budget: budgets?.interrupts }),
    ];
  });
}

/**
 * Three rows for each kind of reads and number of harts. The target is beside the program that sleeps until the interrupt; one that
 * polls takes the whole hart, which no system does. The last row is what that program reaches itself when it changes its address space
 * as often as Neuron: the limit that QEMU sets.
 */
export function throughputRows(found: readonly Throughput[]): Row[] {
  return found.flatMap(({ harts, sectors, depth, neuron, byInterrupt, byPolling, withChanges }) => {
    const target = throughputTargets.find((each) => each.sectors === sectors && each.depth === depth);
    const row = {
      part: "disk",
      name: `read ${sectors / 2} KiB each, depth ${depth}, QEMU, ${harts === 1 ? "1 hart" : `${harts} harts`}`,
      measured: neuron,
      unit: "MiB/s",
    } as const;
    return [
      makeRow({
        ...row,
        reference: { name: "without a system", measured: byInterrupt, kind: "system" },
        target: target === undefined ? undefined : ratioAtLeast(target.ratio),
        limit: target?.limit,
      }),
      makeRow({
        ...row,
        name: `${row.name}, beside polling`,
        reference: { name: "without a system", measured: byPolling, kind: "system" },
      }),
      makeRow({
        ...row,
        name: `${row.name}, the program with changes of address space`,
        measured: withChanges,
        reference: { name: "without a system", measured: byInterrupt, kind: "system" },
      }),
    ];
  });
}
