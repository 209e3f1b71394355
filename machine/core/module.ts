/**
 * The machine's face: everything that a host may call, and nothing else leaves the module. The order of a start is
 * create, seedInterleave, busReset, attachDisk and addFault, then the kernel and the tree into RAM and firmwareBoot; after
 * that run, again and again.
 */
export {
  addBreakpoint,
  clearBreakpoints,
  hasBreakpoints,
  requestStop,
  stoppedHart,
  stopRequested,
} from "./breakpoints";
export { attachDisk, busLoad, busReset, busStore } from "./bus";
export { clock, retiredTotal, time } from "./clock";
export { uartReceive } from "./devices/uart";
export { addFault, clearFaults, strikeCount } from "./faults";
export { firmwareBoot } from "./firmware";
export { hartAt, readRegister, writeRegister } from "./hart";
export { lostAnswers } from "./hart-calls";
export {
  HART_STATE_BYTES,
  hartActivity,
  hartCsr,
  hartEnabled,
  hartMode,
  hartPc,
  hartPending,
  hartRetired,
  hostWrites,
  pageFlags,
  physicalAddress,
  setHartCsr,
  setHartPc,
} from "./inspect";
export { seedInterleave, setTurns } from "./interleave";
export { hartCount, ramBase, ramBytes } from "./layout";
export { create, powerOn, run, setChaos } from "./machine";
export { power, powerCode } from "./power";
export { setTrace } from "./trace";
