// A client and a driver in steady state, on one hart and on four: whether more harts make it slower, and how many interrupts
// between harts it takes. Time is the embedded machine's own, so the figures are exact.

import { Problem } from "../../host/problem.ts";
import { CLOCK_MAX, type Subject, startRun } from "./run.ts";

const HARTS_MAX = 4;
/** As fast as on one hart, within a hundredth: three more harts take ticks, and each looks for work at its own. */
const TIME_MAX = 1.01;
const LINE = /bench: steady requests=(\d+) ticks=(\d+) interrupts=(\d+)/;

/** A figure over a long time, and what it may be at most. */
export interface SteadyFigure {
  name: string;
  value: number;
  limit: number;
}

interface Steady {
  requests: number;
  ticks: number;
  interrupts: number;
}

/** Reads of 4 KiB one after another, from virtioblkd. @throws Problem if the guest's program does not come to its end */
export function measureSteady(subject: Subject): SteadyFigure[] {
  const one = steady(subject, 1);
  const four = steady(subject, HARTS_MAX);
  return [
    {
      name: "reads of 4 KiB one after another: time on 4 harts, to that on 1",
      value: four.ticks / one.ticks,
      limit: TIME_MAX,
    },
    {
      name: "the same: interrupts between harts, in 20 reads",
      value: (20 * four.interrupts) / four.requests,
      limit: 1,
    },
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
    throw new Problem("the guest's program bench did not tell of its steady state", {
      hints: [`its last words were: ${text.trim().split("\n").at(-1) ?? ""}`],
    });
  }
  return { requests: Number(requests), ticks: Number(ticks), interrupts: Number(interrupts) };
}
