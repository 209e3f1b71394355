// The numbers of source/abi by which tests and their fake kernels name things, in one place to import them from. They are
// generated from the guest's sources (toolchain/shared).

import { SELF } from "../../build/gen/host/source/abi/syscall.ts";

export { Audit } from "../../build/gen/host/source/abi/audit.ts";
export { ExitCode } from "../../build/gen/host/source/abi/exit.ts";
export { Kind, Right, SLOT_COUNT as slotCount } from "../../build/gen/host/source/abi/handle.ts";
export {
  MESSAGE_PAGE as messagePage,
  PAGE_BYTES as pageBytes,
  STARTUP_PAGE as startupPage,
} from "../../build/gen/host/source/abi/layout.ts";
export { MESSAGE_BYTES_MAX as messageBytesMax } from "../../build/gen/host/source/abi/message.ts";
export { Refusal } from "../../build/gen/host/source/abi/refusal.ts";
export { Role, STARTUP_MAGIC as startupMagic } from "../../build/gen/host/source/abi/startup.ts";
export {
  FOREVER as forever,
  NO_SLOT as noSlot,
  NOTIFIED as notified,
  Syscall,
} from "../../build/gen/host/source/abi/syscall.ts";
export { Class, End, Wait } from "../../build/gen/host/source/abi/task.ts";

/** The calling task, as the word of a system call. */
export const self = BigInt(SELF);

/** Ticks a second of the fake kernels' clocks. */
export const TIMEBASE = 10_000_000n;
