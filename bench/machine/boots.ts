// Boots Neuron translated and interpreted, in two kinds of memory: that of a new instance of the machine, and memory that an
// earlier boot has used (Chassis in machine/host/module.ts).
//
// A host gives a page of new memory when it is touched for the first time, and that takes time in which nothing is executed. How
// much it is for a boot is measured too: the same pages are touched in a new instance, and no instruction is executed.

import { EmbeddedMachine, type MachineSettings } from "../../machine/host/machine.ts";
import { Chassis } from "../../machine/host/module.ts";
import { CHUNK_BYTES, touchedChunks } from "../../machine/host/snapshot.ts";
import { timed } from "./yardstick.ts";

/** The figures are the best of so many. The first of them still translate. */
const ROUNDS = 40;
const TURNS = 65_536;
const SLICE = 5_000_000n;

/** Milliseconds of processor time for a boot. */
export interface Ways {
  translated: number;
  interpreted: number;
}

export interface BootTimes {
  instructions: number;
  /** In memory that an earlier boot has used. */
  used: Ways;
  /** In the memory of a new instance. */
  fresh: Ways;
  /** To touch in a new instance what a boot touches there. */
  touches: number;
}

function boot(machine: EmbeddedMachine, way: keyof Ways): number {
  machine.core.setTurns(TURNS);
  if (way === "interpreted") {
    machine.interpretOnly();
  }
  return timed(() => {
    while (machine.run(SLICE) === "running") {}
  });
}

/** Touches chunks of a machine's memory. */
function touch(machine: EmbeddedMachine, chunks: readonly number[]): number {
  const memory = new Uint8Array(machine.core.memory.buffer);
  return timed(() => {
    for (const index of chunks) {
      memory[index * CHUNK_BYTES] = 0;
    }
  });
}

/** Measures boots, each kind in turn. The process should have booted before. */
export function bootTimes(module: WebAssembly.Module, settings: MachineSettings): BootTimes {
  // What one boot has decoded and translated serves the next one.
  const chassis = { translated: new Chassis(module), interpreted: new Chassis(module) };
  const make = (from: WebAssembly.Module | Chassis): EmbeddedMachine =>
    new EmbeddedMachine(from, settings, () => undefined);
  const first = make(module);
  const loaded = touchedChunks(first.core);
  boot(first, "translated");
  const chunks = [...touchedChunks(first.core)].filter((index) => !loaded.has(index));
  const best: BootTimes = {
    instructions: Number(first.instructions),
    used: { translated: Infinity, interpreted: Infinity },
    fresh: { translated: Infinity, interpreted: Infinity },
    touches: Infinity,
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of ["translated", "interpreted"] as const) {
      best.used[way] = Math.min(best.used[way], boot(make(chassis[way]), way));
      best.fresh[way] = Math.min(best.fresh[way], boot(make(module), way));
    }
    best.touches = Math.min(best.touches, touch(make(module), chunks));
  }
  return best;
}
