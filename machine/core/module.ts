/**
 * The machine's interface: everything that a host may call. The module exports nothing else.
 *
 * A host starts a machine in this order: create, seedInterleave, busReset, attachDisk and addFault. Then it copies the
 * kernel and the device tree into RAM and calls firmwareBoot. After that it calls run, again and again.
 */

export { clock, retiredTotal, time } from "./clock";
export { beginEntries, decodeApart, setEntry } from "./code/code";
export { decoder } from "./code/extensions";
export { entryHeat, entryStep, newPageHeat, setTranslation } from "./code/heat";
export { keepCode, useKept } from "./code/kept";
export { codeEnd, codeStart, findOp, forgetTranslations, sourceOf, usedCodeEnd } from "./code/pages";
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
export {
  accessedBy,
  addWatchpoint,
  clearWatchpoints,
  isObserving,
  isPutOff,
  watchpointHit,
} from "./hart/watchpoints";
export { seedInterleave, setTurns } from "./interleave";
export { hartCount, ramBase, ramBytes } from "./layout";
export { create, powerOn, run, setChaos, setExtensions } from "./machine";
export { reachLoad, reachStore } from "./memory/shared";
export { power, powerCode } from "./power";
export { setTrace } from "./trace";
