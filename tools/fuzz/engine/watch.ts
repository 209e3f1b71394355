// Ends code of the host that does not end by itself. To watch costs a thread, so a session watches whole batches.

import { createContext, Script } from "node:vm";

const script = new Script("work()");
const box: { work: () => void } = { work: () => {} };
const context = createContext(box);

/** Runs the work. False if it was ended because it took longer than this. */
export function endsWithin(milliseconds: number, work: () => void): boolean {
  box.work = work;
  try {
    script.runInContext(context, { timeout: milliseconds });
    return true;
  } catch (error) {
    if (isTimeout(error)) {
      return false;
    }
    throw error;
  } finally {
    box.work = () => {};
  }
}

/** It is an error of the context, so it is no Error of ours. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT"
  );
}
