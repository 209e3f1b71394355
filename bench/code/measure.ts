// Runs one program on the embedded machine, from its first instruction to its last, and counts.

import { readElf } from "../../host/elf.ts";
import { Problem } from "../../host/problem.ts";
import { EmbeddedMachine } from "../../machine/host/machine.ts";

const RAM_MEBIBYTES = 64;
/** More than any program takes. */
const INSTRUCTIONS_MAX = 1_000_000_000n;
/** The registers' numbers. */
const A0 = 10;

/** Offsets from the first byte: the words for the addresses of the program's two parts. */
const PREPARE_OFFSET = 8;
const WORK_OFFSET = 16;

/** How many instructions a program took, and its result. */
export interface Outcome {
  instructions: number;
  result: number;
}

/**
 * Runs `<stem>Prepare` and `<stem>Work` of an ELF file, and counts the second.
 *
 * @throws Problem if the program does not come to its end
 */
export function measureProgram(module: WebAssembly.Module, elf: Uint8Array, stem: string): Outcome {
  const symbols = new Map(readElf(elf, stem).symbols.map(({ name, address }) => [name, address]));
  const address = (name: string): bigint => {
    const found = symbols.get(name);
    if (found === undefined) {
      throw new Problem(`the benchmark's program has no ${name}`);
    }
    return found;
  };
  const kernel = configure(elf, address(`${stem}Prepare`), address(`${stem}Work`));
  const machine = new EmbeddedMachine(
    module,
    {
      harts: 1,
      ramMebibytes: RAM_MEBIBYTES,
      seed: 1n,
      sstc: true,
      aclint: false,
      kernel,
      tree: new Uint8Array(8),
      disk: undefined,
      faults: [],
    },
    () => undefined,
  );
  const { core } = machine;
  const begin = runTo(machine, address("codeBegin"), stem);
  const end = runTo(machine, address("codeEnd"), stem);
  return { instructions: end - begin, result: Number(BigInt.asUintN(32, core.readRegister(0, A0))) };
}

/** Runs until the hart comes to an address. Returns the instructions so far. */
function runTo(machine: EmbeddedMachine, address: bigint, stem: string): number {
  machine.core.addBreakpoint(address);
  const state = machine.run(INSTRUCTIONS_MAX);
  if (state !== "breakpoint") {
    throw new Problem(`the benchmark's program ${stem} did not come to its end (${state})`);
  }
  return Number(machine.core.hartRetired(0));
}

function configure(elf: Uint8Array, prepare: bigint, work: bigint): Uint8Array {
  const copy = elf.slice();
  const view = new DataView(copy.buffer);
  // The entry is the first byte of the first segment (ELF header: e_phoff at 32; program header: p_offset at 8).
  const start = Number(view.getBigUint64(Number(view.getBigUint64(32, true)) + 8, true));
  view.setBigUint64(start + PREPARE_OFFSET, prepare, true);
  view.setBigUint64(start + WORK_OFFSET, work, true);
  return copy;
}
