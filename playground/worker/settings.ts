// From what a person chose to the settings of a machine, the same as `./nx boot` makes them on a terminal: self-tests, then the
// guest's shell. So a seed here is the run of that seed there.

import { parseChaos } from "../../machine/host/chaos.ts";
import { parseFaults } from "../../machine/host/faults.ts";
import { diskOfBytes, type MachineSettings } from "../../machine/host/machine.ts";
import type { RunEvent } from "../../machine/host/run.ts";
import { memoryMebibytes, treeForRun } from "../../toolchain/dts/contract.ts";
import { SEED_END, type Setup } from "../protocol/setup.ts";
import type { Files } from "./files.ts";
import { sha256 } from "./sha256.ts";

const RUN = "selftest-client; nx";
const NONCE_DIGITS = 32;

/** The settings of a run. @throws Error that says which of the choices is wrong */
export function settingsOf({ contract, kernel, disk }: Files, setup: Setup): MachineSettings {
  const seed = seedOf(setup.seed);
  const { harts } = setup;
  const nonce = sha256(new TextEncoder().encode(`neuron nonce ${seed}`)).slice(0, NONCE_DIGITS);
  return {
    harts,
    ramMebibytes: memoryMebibytes(contract),
    seed,
    sstc: true,
    aclint: false,
    zbb: false,
    kernel,
    tree: treeForRun(contract, { smp: harts, sstc: true, aclint: false, nonce, run: RUN }),
    disk: { content: diskOfBytes(disk), slot: 0, legacy: false },
    faults: parseFaults(setup.faults),
    chaos: setup.chaos.trim() === "" ? 0 : parseChaos(setup.chaos),
  };
}

/** What comes to a run from outside, in the order of the clock. */
export function eventsOf({ typed, planted }: Setup): RunEvent[] {
  const bytes = typed.map(({ at, byte }) => ({ at: BigInt(at), input: byte }));
  const writes = planted.map(({ at, hart, register, value }) => ({
    at: BigInt(at),
    hart,
    register,
    value: BigInt(value),
  }));
  return [...bytes, ...writes].sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
}

/** What was typed and planted in a run so far. */
export function outsideOf(events: readonly RunEvent[]): Pick<Setup, "typed" | "planted"> {
  return {
    typed: events.flatMap((event) => ("input" in event ? [{ at: Number(event.at), byte: event.input }] : [])),
    planted: events.flatMap((event) =>
      "register" in event
        ? [{ at: Number(event.at), hart: event.hart, register: event.register, value: String(event.value) }]
        : [],
    ),
  };
}

function seedOf(text: string): bigint {
  const seed = /^[0-9]{1,20}$/.test(text) ? BigInt(text) : SEED_END;
  if (seed >= SEED_END) {
    throw new Error(`"${text}" is no seed: a whole number below 2^64`);
  }
  return seed;
}
