// A client and a driver in steady state, on one hart and on four. Measures whether more harts make it slower, and how many
// interrupts between harts it needs. Time is the embedded machine's, so the figures are exact.

import { Problem } from "../../../host/problem.ts";
import { atMost, makeRow, type Row, ratioAtMost } from "../../row.ts";
import { CLOCK_MAX, type Subject, startRun } from "../run.ts";

const HARTS_MAX = 4;
/** It should be as fast as on one hart, to 1 %: the other three harts have ticks, and look for work at each of them. */
const TIME_MAX = 1.01;
const LINE = /bench: steady requests=(\d+) ticks=(\d+) interrupts=(\d+)/;

interface Steady {
  requests: number;
  ticks: number;
  interrupts: number;
}

/** Reads of 4 KiB one after another, from virtioblkd. @throws Problem if the guest's program does not come to its end */
export function measureSteady(subject: Subject): Row[] {
  const one = steady(subject, 1);
  const four = steady(subject, HARTS_MAX);
  return [
    makeRow({
      part: "kernel",
      name: "a read of 4 KiB among 2,000, 4 harts",
      measured: four.ticks / four.requests,
      unit: "ticks",
      reference: { name: "1 hart", measured: one.ticks / one.requests, kind: "yardstick" },
      target: ratioAtMost(TIME_MAX),
    }),
    makeRow({
      part: "kernel",
      name: "the same: interrupts between harts, in 20 reads",
      measured: (20 * four.interrupts) / four.requests,
      unit: "interrupts",
      target: atMost(1),
    }),
  ];
}

function steady(subject: Subject, harts: number): Steady {
  const run = startRun(subject, harts, "bench steady");
  let text = "";
  run.onByte = (byte) => {
    text += String.fromCharCode(byte);
    return byte === 0x0a && LINE.test(text);
  };
  run.advanceTo(CLOCK_MAX);
  const [, requests, ticks, interrupts] = LINE.exec(text) ?? [];
  if (requests === undefined) {
    throw new Problem("the guest's program bench did not report its steady state", {
      hints: [`its last words were: ${text.trim().split("\n").at(-1) ?? ""}`],
    });
  }
  return { requests: Number(requests), ticks: Number(ticks), interrupts: Number(interrupts) };
}
