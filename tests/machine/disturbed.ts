// Boots with a disk that misbehaves. Finds out when a fault has to strike to hit a certain read, and what the guest records
// of it.
//
// A plan counts requests, or reads of the configuration. This file counts them in a run without faults, which is the same run
// up to the first fault. So a plan can hit the requests of one command and no others.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { Event } from "../../build/gen/host/machine/core/trace.ts";
import { sourceFromFile, sourcesFromFolder, writeImageFile } from "../../host/pkgimg/files.ts";
import { DEVELOPMENT_KEY, readKeyFile } from "../../host/pkgimg/keys.ts";
import { root } from "../../host/root.ts";
import { parseFaults } from "../../machine/host/faults.ts";
import { Run } from "../../machine/host/run.ts";
import { bootEmbedded, buildOnce, type EmbeddedReport, explain } from "./booting.ts";

/** Two harts are enough for a driver and its clients, and waiting for a silent disk costs half as much time. */
export const HARTS = 2;

/** The badges of virtioblkd's clients: their rows in the topology, plus one. */
export const PACKAGEFSD = 3;
export const PROGRAM = 5;

/** Far more than any run here needs. */
const CLOCK_MAX = 100_000_000_000n;

/** Registers of the disk's slot (virtio 1.2, 4.2.2). */
const SLOT = 0x1000_1000n;
const QUEUE_NOTIFY = SLOT + 0x50n;
const CONFIG = SLOT + 0x100n;
const SLOT_END = SLOT + 0x200n;

/** What a disk without faults was asked for in a run. */
export interface Asked {
  requests: number;
  configReads: number;
}

/** Boots with a disk, the usual one or another, that misbehaves by this plan. The run ends by itself. */
export async function bootWithFaults(
  run: string,
  legacy: boolean,
  plan: string,
  disk?: string,
): Promise<EmbeddedReport> {
  const faults = parseFaults(plan);
  const report = await bootEmbedded({ run, legacy, smp: HARTS, faults, ...(disk && { disk }) });
  expectEnd(report);
  return report;
}

/** Counts what a disk without faults, the usual one or another, is asked for in a whole run. */
export async function askedBy(run: string, legacy: boolean, disk?: string): Promise<Asked> {
  const { recording } = await bootEmbedded({ run, legacy, smp: HARTS, ...(disk && { disk }) });
  const module = await WebAssembly.compile(new Uint8Array(readFileSync((await buildOnce()).wasm)));
  const again = new Run(module, recording.settings);
  const asked = { requests: 0, configReads: 0 };
  again.listen(({ kind, first }) => {
    // A read is only sent after the one before it, so each notification is one request.
    if (kind === Event.DeviceWrite && first === QUEUE_NOTIFY) {
      asked.requests += 1;
    }
    if (kind === Event.DeviceRead && first >= CONFIG && first < SLOT_END) {
      asked.configReads += 1;
    }
  });
  again.advanceTo(CLOCK_MAX);
  return asked;
}

/** Writes an image of this build to `folder`, with a file that is so long that the first read of `nx cat` reads ahead. */
export async function imageWithLong(folder: string): Promise<string> {
  await buildOnce();
  const long = join(folder, "long.bin");
  writeFileSync(long, Buffer.alloc(100_000, "long"));
  const files = [
    ...sourcesFromFolder(join(root, "pkg")),
    sourceFromFile("bin/nx", join(root, "build/tasks/nx")),
    sourceFromFile("fixtures/long.bin", long),
  ];
  const disk = join(folder, "long.img");
  writeImageFile(disk, files, { label: "pkgfs", key: readKeyFile(join(root, DEVELOPMENT_KEY)) });
  return disk;
}

/** Checks that the run ended by itself, and that the kernel reported no problem. */
function expectEnd(report: EmbeddedReport): void {
  expect(report.panic, explain(report)).toBeUndefined();
  expect(report.complaints, explain(report)).toBe("");
  expect(report.problems.join("\n"), explain(report)).not.toMatch(/no end within|console lines/);
}

/** The disk's records in the output of `nx audit`, each as "kind: what", with its count if that is more than one. */
export function trailOf(report: EmbeddedReport): string[] {
  const record = / times=(\d+) kind=(device-fault|read-failed|image-refused) .*what=(\S*)/;
  return report.lines.flatMap((line) => {
    const [, times, kind, what] = record.exec(line) ?? [];
    if (kind === undefined || what === undefined) {
      return [];
    }
    return [counted(`${kind}: ${decodeURIComponent(what)}`, Number(times))];
  });
}

const counted = (record: string, times: number): string =>
  times === 1 ? record : `${record} (${times} times)`;

/** The audit trail of these records of one task: equal ones become one record with a count, at the place of the last. */
export function merged(records: readonly string[]): string[] {
  return records.flatMap((record, index) =>
    records.lastIndexOf(record) > index
      ? []
      : [counted(record, records.filter((each) => each === record).length)],
  );
}

/** What the disk's driver, the file system and nexus-init printed. */
export function saidBy(report: EmbeddedReport): string[] {
  return report.lines.filter((line) => /^(virtioblkd|pkgfs|nexus-init): /.test(line));
}

/** What the run's programs printed as `nx: …`, without the audit trail. */
export function answersOf(report: EmbeddedReport): string[] {
  return report.lines.filter((line) => /^nx: (?!task=|sequence=|end$)/.test(line));
}

/** How often virtioblkd tries a read. */
export const TRIES_MAX = 3;

/** The result of one answer of the disk: the driver's fault (drivers/virtio/fault.ts), and the status of the read. */
export interface Outcome {
  /** After it the device was reset. */
  readonly fault?: string;
  /** What it may be instead when the device has a check as well. */
  readonly besideCheck?: string;
  readonly status?: "deviceError" | "malformedReply" | "timedOut";
  /** It was only noted. */
  readonly noted?: string;
}

export const timedOut: Outcome = { fault: "72(DeadlineMissed)", status: "timedOut" };
export const lie = (fault: string): Outcome => ({ fault, status: "malformedReply" });

/** The records of one read for `client` of which each try had the result `outcome`. */
export interface Struck {
  readonly client: number;
  readonly sector: number;
  readonly tries: number;
  /** Resets before it. */
  readonly resets?: number;
}
export function records(outcome: Outcome, { client, sector, tries, resets = 0 }: Struck): string[] {
  const { fault, status, noted } = outcome;
  if (noted !== undefined) {
    return [`device-fault: fault ${noted}, resets ${resets}`];
  }
  if (status === undefined) {
    return [];
  }
  return Array.from({ length: tries }, (_, index) => {
    const read = `read-failed: client ${client}, sector ${sector}: ${status}`;
    const words = index + 1 < TRIES_MAX ? `${read}, read again` : read;
    return fault === undefined
      ? [words]
      : [`device-fault: fault ${fault}, resets ${resets + index + 1}`, words];
  }).flat();
}
