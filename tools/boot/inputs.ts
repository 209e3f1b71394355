// Checks the files that a machine is given before it starts. Otherwise the machine would complain, or a guest that
// finds no disk, in a message that does not name the cause.

import { inputProblem, requireInput } from "../../host/inputs.ts";
import { Problem } from "../../host/problem.ts";
import { DISK_BYTES_MAX } from "../../machine/host/recording/format.ts";
import type { MachineWords } from "./words.ts";

const SECTOR_BYTES = 512;
const MEBIBYTE = 2 ** 20;

/** Firmware lies below the kernel: from the start of RAM up to where the linker script puts the kernel. */
const FIRMWARE_BYTES_MAX = 2 * MEBIBYTE;

/** Options that mean nothing for a machine without a disk. */
interface DiskWords {
  disk: string | boolean;
  legacy?: true;
  slot?: number | "last";
  fault?: string;
}

/** Throws Problem if the options ask for a kind of disk and for no disk. */
export function requireOneDisk({ disk, legacy, slot, fault }: DiskWords): void {
  if (disk !== false) {
    return;
  }
  const given = { "--legacy": legacy, "--slot": slot, "--fault": fault };
  const word = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
  if (word === undefined) {
    return;
  }
  throw new Problem(`${word} is about the disk, and --no-disk leaves it out`, {
    hints: ["leave out one of them"],
    exitCode: 2,
  });
}

/** Checks the disk and the firmware that the words name. Throws Problem about the first that cannot be used. */
export function requireMachineInputs(words: MachineWords): void {
  requireOneDisk(words);
  const { disk, firmware, record } = words;
  if (typeof disk === "string") {
    requireDisk(disk, record !== undefined);
  }
  if (firmware !== undefined) {
    requireFirmware(firmware);
  }
}

function requireDisk(file: string, isRecorded: boolean): void {
  const input = { word: "--disk", file };
  const size = requireInput(input);
  if (size % SECTOR_BYTES !== 0) {
    const why = `it has ${size} bytes, and a disk consists of sectors of ${SECTOR_BYTES} bytes`;
    throw inputProblem(input, why, `if it was cut off, truncate -s %${SECTOR_BYTES} fills it up with zeros`);
  }
  if (isRecorded && size > DISK_BYTES_MAX) {
    const why = `a recording holds a disk of up to ${DISK_BYTES_MAX / MEBIBYTE} MiB`;
    throw inputProblem(input, why, "leave out --record, or use a smaller disk");
  }
}

function requireFirmware(file: string): void {
  const input = { word: "--firmware", file };
  if (requireInput(input) <= FIRMWARE_BYTES_MAX) {
    return;
  }
  const why = `it is larger than the ${FIRMWARE_BYTES_MAX / MEBIBYTE} MiB below the kernel`;
  throw inputProblem(input, why, "name raw firmware without symbols, such as OpenSBI's fw_dynamic.bin");
}
