// The processor time of a command and of everything that it starts, as the shell's `times` tells it.

import { spawnSync } from "node:child_process";
import { millisecondsOf } from "../machine/speed.ts";

/** Runs a command, then prints the times of the shell and of what it ran. */
const TELLS_TIMES = '"$@" >/dev/null 2>&1 || exit; times';
const TIMEOUT_MS = 600_000;

/** User and system time in milliseconds; NaN if the command failed. */
export function processorMilliseconds(folder: string, ...command: readonly string[]): number {
  const { status, stdout } = spawnSync("sh", ["-c", TELLS_TIMES, "sh", ...command], {
    cwd: folder,
    timeout: TIMEOUT_MS,
    encoding: "utf8",
  });
  return status === 0 ? (millisecondsOf(stdout) ?? Number.NaN) : Number.NaN;
}
