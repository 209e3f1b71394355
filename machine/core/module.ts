/**
 * The machine's face: everything that a host may call, and nothing else leaves the module. The order of a start is
 * create, seedInterleave, busReset, attachDisk and addFault, then the kernel and the tree into RAM and firmwareBoot; after
 * that run, again and again.
 */

export { clock, retiredTotal, time } from "./clock";
export { beginEntries, decodeApart, findOp, forgetTranslations, setEntry } from "./code/code";
export { newPageHeat, setTranslation } from "./code/heat";
export { attachDisk, busLoad, busReset, busStore } from "./devices/bus";
export { addFault, clearFaults, strikeCount } from "./devices/faults";
export { uartReceive } from "./devices/uart";
export { firmwareBoot } from "./firmware/firmware";
export { lostAnswers } from "./firmware/hart-calls";
export {
  addBreakpoint,
  clearBreakpoints,
  hasBreakpoints,
  requestStop,
  stoppedHart,
  stopRequested,
} from "./hart/breakpoints";
export { hartAt, readRegister, writeRegister } from "./hart/hart";
export {
  HART_DATA_TABLE,
  HART_PC,
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
} from "./hart/inspect";
export { seedInterleave, setTurns } from "./interleave";
export { hartCount, ramBase, ramBytes } from "./layout";
export { create, powerOn, run, setChaos } from "./machine";
export { power, powerCode } from "./power";
export { setTrace } from "./trace";
