// What the system takes of room: the kernel's code, the images, and memory once the shell has its prompt.

import { readElf } from "../../host/elf.ts";
import { Problem } from "../../host/problem.ts";
import { atMost, makeRow, type Row } from "../row.ts";
import { CLOCK_MAX, type Subject, startRun } from "./run.ts";

const PAGE_BYTES = 4096;
/** 48 KiB. */
const CODE_TARGET_BYTES = 49_152;
/** The target was reached at 48,702; taking back what was lent takes 2,332 more, and writing the rings of devices 2,494. */
export const CODE_BUDGET_BYTES = 54_700;

/** @throws Problem if the guest does not tell of its jobs */
export function measureSizes(subject: Subject): Row[] {
  const row = { part: "kernel", unit: "bytes" } as const;
  return [
    makeRow({
      ...row,
      name: "the kernel's code",
      measured: codeBytes(subject),
      target: atMost(CODE_TARGET_BYTES),
      budget: CODE_BUDGET_BYTES,
    }),
    makeRow({ ...row, name: "the package image", measured: subject.disk.length }),
    makeRow({ ...row, name: "memory in use by all programs", measured: PAGE_BYTES * pagesInUse(subject) }),
  ];
}

/** All functions of the kernel, without the padding to whole pages. */
function codeBytes({ kernel }: Subject): number {
  // Two names of one function count once.
  const sizes = new Map(
    readElf(kernel, "the kernel").symbols.map(({ address, size }) => [address, Number(size)]),
  );
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** Pages that programs have in use. What a job was given is charged to another, so its limit counts against its charge. */
function pagesInUse(subject: Subject): number {
  const run = startRun(subject, 1, "nx jobs");
  run.advanceTo(CLOCK_MAX);
  const lines = new TextDecoder().decode(run.consoleBytes).match(/^nx: job=.*$/gm) ?? [];
  if (lines.length === 0) {
    throw new Problem("the guest did not tell of its jobs");
  }
  return lines
    .map((line, index) => {
      const [, charged, limit] = / pages=(\d+)\/(\d+)/.exec(line) ?? [];
      return Number(charged) - (index === 0 ? 0 : Number(limit));
    })
    .reduce((sum, pages) => sum + pages, 0);
}
