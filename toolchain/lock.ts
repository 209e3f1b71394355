// Allows one build at a time in one output folder: two builds that write the same files would spoil both results.
//
// The lock is a file with the process id of its owner. If that process has died without removing it, the next build
// notices by the id, and takes over the lock.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MILLISECONDS = 100;
/** The locks that this process holds. Its id in another file is left from an earlier process with the same id. */
const held = new Set<string>();

/** Does `work` while holding the lock. If it has to wait, it calls `onWait` once, with the owner's process id. */
export async function withLock<T>(
  file: string,
  onWait: (owner: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  let told = false;
  while (!take(file)) {
    const owner = ownerOf(file);
    if (owner !== undefined && !told) {
      onWait(owner);
      told = true;
    }
    await sleep(POLL_MILLISECONDS);
    // Checked twice: between its creation and its first byte a lock has no owner yet.
    if (owner === undefined && ownerOf(file) === undefined) {
      rmSync(file, { force: true });
    }
  }
  held.add(file);
  try {
    return await work();
  } finally {
    held.delete(file);
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") {
      return false;
    }
    throw error;
  }
}

/** The process that holds the lock, or undefined if it is gone, or if the file has no process id. */
function ownerOf(file: string): number | undefined {
  const owner = Number(readOrEmpty(file));
  if (!Number.isInteger(owner) || owner <= 0) {
    return undefined;
  }
  if (owner === process.pid) {
    return held.has(file) ? owner : undefined;
  }
  return isRunning(owner) ? owner : undefined;
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function isRunning(processId: number): boolean {
  try {
    // Signal 0 only asks whether there is such a process.
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
