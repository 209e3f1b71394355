// Where the nonce of a run comes from that is not to be repeated.

import { randomBytes } from "node:crypto";

/** A random number as 32 hexadecimal digits, new for every run. */
export function newNonce(): string {
  return randomBytes(16).toString("hex");
}
