// How many milliseconds after its fall a service is started again, and when it is given up.

import { beforeEach, expect, test } from "vitest";
import { forever } from "../harness/abi.ts";
import { type Guest, guest } from "../harness/guest.ts";

const TICKS_PER_MILLISECOND = 10_000n;

let g: Guest;
beforeEach(async () => {
  g = await guest({ text: `export { nextStart } from "init/nexus-init/backoff";` });
});

/** The service of `row` falls at `milliseconds`: after how long it is started again, or "given up". */
function fall(row: number, milliseconds: number): number | "given up" {
  const time = BigInt(milliseconds) * TICKS_PER_MILLISECOND;
  const next = g.call64("nextStart", row, time, TICKS_PER_MILLISECOND * 1000n);
  return next === forever ? "given up" : Number((next - time) / TICKS_PER_MILLISECOND);
}

test("each start waits twice as long as the one before, up to a limit, and after eight starts the service is given up", () => {
  let now = 1000;
  const delays = Array.from({ length: 10 }, () => {
    const delay = fall(0, now);
    if (delay !== "given up") {
      now += delay;
    }
    return delay;
  });
  expect(delays).toEqual([50, 100, 200, 400, 800, 1600, 1600, 1600, "given up", "given up"]);
});

test("the delay begins anew for a service that stood for the length of the window", () => {
  for (const after of [0, 1000, 2000]) {
    fall(0, 5000 + after);
  }
  expect(fall(0, 5000 + 2000 + 10_000)).toBe(50);
});

test("a service that falls only now and then is never given up", () => {
  const delays = Array.from({ length: 500 }, (_, nth) => fall(0, 1000 + nth * 1600));
  expect(delays).not.toContain("given up");
  expect(Math.max(...delays.map(Number))).toBe(1600);
});

test("a service that falls does not change the delay of another service", () => {
  for (let nth = 0; nth < 12; nth++) {
    fall(3, 1000 + nth);
  }
  expect(fall(3, 1020)).toBe("given up");
  expect(fall(2, 1020)).toBe(50);
  expect(fall(4, 1020)).toBe(50);
});
