// The options that choose a machine: `./nx boot` takes them, and so do `./nx hw`, `ps` and `audit`, which boot one to ask
// it something. words.ts says what the parsed values mean.

import { type Command, InvalidArgumentError, Option } from "commander";
import { integerBetween } from "../../host/args.ts";
import { profileOption, trustOption } from "../build/options.ts";

/** The machine has at most this many harts (docs/contract.md). */
export const SMP_MAX = 4;

/** Far longer than a boot takes anywhere: the deadline only catches hangs. */
const TIMEOUT_SECONDS = 120;
const TIMEOUT_SECONDS_MAX = 3600;

/** The machine has virtio-mmio slots 0 to 7. */
const SLOT_LAST = 7;

/** Adds the options that choose the machine, and `--json`. */
export function addMachineOptions(command: Command): Command {
  return addMachine(command).option("--json", "print a JSON report instead of the console");
}

/** The same for a command without a report. `--disk` is true for the image of this build, which the profile places. */
export function addMachine(command: Command): Command {
  return command
    .addOption(smpOption())
    .addOption(
      new Option("--machine <name>", "the machine to run on; by default QEMU if it is installed").choices([
        "qemu",
        "embedded",
      ]),
    )
    .addOption(new Option("--disk <file>", "the disk image").default(true, "build/pkgfs.img"))
    .option("--no-disk", "a machine without a disk: the guest serves the fixtures in its boot bundle")
    .option("--legacy", "the disk speaks virtio-mmio version 1")
    .addOption(
      new Option("--slot <number>", "the disk's virtio slot, 0 to 7 or last (default: 0)").argParser(slot),
    )
    .option("--no-sstc", "a processor without Sstc: the firmware sets the timers")
    .option("--aclint", "a machine whose kernel sends interrupts between harts itself (ACLINT SSWI)")
    .option("--zbb", "a processor with Zbb: the guest hashes with its rotations")
    .addOption(
      new Option(
        "--seed <number>",
        "embedded: draws the hart that boots, the turns of the harts and the run's random number",
      ).argParser(seed),
    )
    .option(
      "--fault <plan>",
      "embedded: faults of the disk, such as used-id@3,late@5-7, or a file that lists them",
    )
    .option(
      "--chaos [kinds]",
      "embedded: all that hardware may do and QEMU does not, or only these kinds of it, such as switch,late-interrupts",
    )
    .option(
      "--no-translation",
      "embedded: interpret everything instead of translating hot code to Wasm; the run is the same",
    )
    .option("--firmware <file>", "firmware in place of the machine's own, such as OpenSBI's fw_dynamic.bin")
    .option("--record <file>", "embedded: record the run in this file, for ./nx replay")
    .addOption(profileOption())
    .addOption(trustOption())
    .option("--log <file>", "write every console line to this file")
    .addOption(
      new Option("--timeout <seconds>", "end a run that takes longer than this")
        .argParser(integerBetween(1, TIMEOUT_SECONDS_MAX))
        .default(TIMEOUT_SECONDS),
    );
}

function smpOption(): Option {
  return new Option("--smp <harts>", "how many harts, 1 to 4")
    .argParser(integerBetween(1, SMP_MAX))
    .env("SMP")
    .default(SMP_MAX);
}

function seed(text: string): bigint {
  if (/^[0-9]{1,20}$/.test(text) && BigInt(text) < 2n ** 64n) {
    return BigInt(text);
  }
  throw new InvalidArgumentError("a whole number below 2^64 is needed.");
}

function slot(text: string): number | "last" {
  if (text === "last") {
    return "last";
  }
  if (/^[0-9]$/.test(text) && Number(text) <= SLOT_LAST) {
    return Number(text);
  }
  throw new InvalidArgumentError(`a slot from 0 to ${SLOT_LAST}, or last, is needed.`);
}
