// How a host slices a run does not show in it, and neither do breakpoints, not even under chaos: so a replay that stops
// somewhere, and one under gdb, are the run that was explored.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { parseChaos } from "../../machine/host/chaos.ts";
import { stateHash } from "../../machine/host/recording/recording.ts";
import { Run } from "../../machine/host/run.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, buildOnce, type EmbeddedReport } from "./booting.ts";

const SLICE = 10_007n;
/** Here the harts are at work, and the turns go on and on in tiny slices. */
const TINY_FROM = 12_000_000n;
const TINY_COUNT = 40_000n;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await WebAssembly.compile(new Uint8Array(readFileSync((await buildOnce()).wasm)));
});

function end(run: Run, slice: bigint): string[] {
  while (run.advanceTo(run.clock + slice) === "running") {}
  return [Buffer.from(run.consoleBytes).toString(), stateHash(run.machine), String(run.clock)];
}

/** The run of `report`, with so much at its beginning done by `begin`. */
function again({ recording }: EmbeddedReport, begin: (run: Run) => void): Run {
  const run = new Run(module, recording.settings);
  begin(run);
  return run;
}

describe.each([
  ["without chaos", 0],
  ["under every kind of chaos", parseChaos("all")],
])("%s", (_, chaos) => {
  test.each([1n, 2n])(
    "seed %s gives the same run in slices of any length, and with breakpoints",
    async (seed) => {
      const report = await bootEmbedded({ seed, chaos });
      const expected = end(
        again(report, () => {}),
        1_000_000_000n,
      );
      const sliced = again(report, (run) => {
        run.advanceTo(TINY_FROM);
        for (let count = 0n; count < TINY_COUNT; count++) {
          run.advanceTo(run.clock + 1n + (count % 7n));
        }
      });
      expect(end(sliced, SLICE)).toEqual(expected);
      const watched = again(report, (run) => {
        run.advanceTo(TINY_FROM);
        // Nothing is executed there, but there is something at the same offsets of many pages.
        for (let offset = 0n; offset < 64n; offset++) {
          run.machine.core.addBreakpoint(0x7000_0000n + offset * 62n);
        }
      });
      expect(end(watched, 1_000_000_000n)).toEqual(expected);
    },
    4 * BOOT_TIMEOUT_MS,
  );
});
