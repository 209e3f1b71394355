// The numbers of source/abi by which tests and their fake kernel name things, in one place to import them from. They are
// generated from the guest's sources (toolchain/shared).

import { SELF } from "../../build/gen/host/source/abi/syscall.ts";

export {
  AUDIT_FIRST_OF_SERVICES as auditFirstOfServices,
  AUDIT_KIND_COUNT as auditKindCount,
  Audit,
} from "../../build/gen/host/source/abi/audit.ts";
export { ExitCode } from "../../build/gen/host/source/abi/exit.ts";
export { Kind, Right, SLOT_COUNT as slotCount } from "../../build/gen/host/source/abi/handle.ts";
export { Topic } from "../../build/gen/host/source/abi/info.ts";
export {
  JOB_DEPTH_MAX as jobDepthMax,
  JOBS_MAX as jobsMax,
  RESOURCE_COUNT as resourceCount,
  Resource,
} from "../../build/gen/host/source/abi/job.ts";
export {
  MESSAGE_PAGE as messagePage,
  PAGE_BYTES as pageBytes,
  STARTUP_PAGE as startupPage,
  USER_END as userEnd,
} from "../../build/gen/host/source/abi/layout.ts";
export { MESSAGE_BYTES_MAX as messageBytesMax } from "../../build/gen/host/source/abi/message.ts";
export { Refusal } from "../../build/gen/host/source/abi/refusal.ts";
export { Role, STARTUP_MAGIC as startupMagic } from "../../build/gen/host/source/abi/startup.ts";
export {
  CONSOLE_WRITE_MAX as consoleWriteMax,
  FOREVER as forever,
  NO_SLOT as noSlot,
  NOTIFIED as notified,
  Syscall,
} from "../../build/gen/host/source/abi/syscall.ts";
export { CLASS_COUNT as classCount, Class, End, Wait } from "../../build/gen/host/source/abi/task.ts";
export {
  DEVICE_PINS_MAX as devicePinsMax,
  OFFER_TELLS as offerTells,
  PIECE_MORE as pieceMore,
  PIECE_WRITES as pieceWrites,
  PIECES_MAX as piecesMax,
  VirtioRegister,
} from "../../build/gen/host/source/abi/virtio.ts";

/** The calling task, as the word of a system call. */
export const self = BigInt(SELF);

/** Ticks a second of the fake kernel's clock. */
export const TIMEBASE = 10_000_000n;
