// The options that choose a machine: `./nx boot` takes them, and every command that boots one to ask it something.

import { type Command, InvalidArgumentError, Option } from "commander";
import { integerBetween } from "../../host/args.ts";
import { profileOption, trustOption } from "../build/options.ts";

/** The machine has at most this many harts (the contract's limit). */
export const SMP_MAX = 4;

/** Far longer than a boot takes anywhere: the deadline only catches hangs. */
const TIMEOUT_SECONDS = 120;
const TIMEOUT_SECONDS_MAX = 3600;

/** virtio-mmio slots on the machine. */
const SLOT_LAST = 7;

/** Adds the options that choose the machine. */
export function addMachineOptions(command: Command): Command {
  return command
    .addOption(smpOption())
    .addOption(
      new Option("--machine <name>", "the machine to run on; default: qemu where it is").choices([
        "qemu",
        "embedded",
      ]),
    )
    .addOption(new Option("--disk <file>", "the disk image").default(true, "build/pkgfs.img"))
    .option("--no-disk", "a machine without a disk: the fixtures are served from memory")
    .option("--legacy", "the disk speaks virtio-mmio version 1")
    .addOption(
      new Option("--slot <number>", "the disk's virtio slot, 0 to 7 or last")
        .argParser(slot)
        .default(undefined, "0"),
    )
    .option("--no-sstc", "a processor without Sstc: timers by firmware")
    .option("--aclint", "a machine with ACLINT software interrupts for the kernel")
    .addOption(
      new Option("--seed <number>", "embedded: boot hart, turns of the harts and nonce").argParser(seed),
    )
    .option("--fault <plan>", "embedded: what the disk does wrong, as used-id@3,late@5-7, or a file of that")
    .option("--chaos [kinds]", "embedded: as hostile as the architecture allows, or only some kinds of it")
    .option("--firmware <file>", "firmware in place of the machine's own, as OpenSBI's fw_dynamic.bin")
    .option("--record <file>", "embedded: write all of the run to this file, for ./nx replay")
    .addOption(profileOption())
    .addOption(trustOption())
    .option("--log <file>", "write every console line to this file")
    .addOption(
      new Option("--timeout <seconds>", "end a machine that hangs")
        .argParser(integerBetween(1, TIMEOUT_SECONDS_MAX))
        .default(TIMEOUT_SECONDS),
    )
    .option("--json", "print a report for programs instead of the console");
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
