/**
 * The A extension, out of line: LR, SC and every AMO (unprivileged specification, chapter "A").
 *
 * A reservation is on a line of 64 bytes, and holds for the exact address and size of the LR. It is broken by a store of
 * another hart or a device to the line, by a trap (except with Chaos.KeepReservations), by any SC, and after some time
 * (turn.ts). The specification only promises success to loops of at most sixteen instructions, and those do succeed.
 */

import { Chaos, chaosMask, isChaos, isWatching, point, scFails, turnEnds } from "../chaos/chaos";
import { noteAccess } from "../chaos/sharing";
import { buffer, drain, drainAcquire, holds, holdsAmo } from "../chaos/store-buffer";
import { Hart, readRegister, reserve, unreserve, writeRegister } from "../hart/hart";
import { Observed } from "../hart/watchpoints";
import { translateAtomic } from "../memory/mmu";
import { Access, Outcome, outcome } from "../memory/outcome";
import { loadLinear, physicalWritten, ramAddress, storeLinear } from "../memory/ram";
import { combine, extend, Operation } from "./amo";

/** Does the store of an SC or AMO. True if decoded code was there. */
function write(hart: Hart, physical: u64, size: u32, value: u64): bool {
  const code = physicalWritten(physical, size, hart.id);
  storeLinear(ramAddress(physical), size, value);
  return code;
}

/**
 * What an atomic access does under chaos. It goes to memory directly, so buffered stores that it overlaps drain first. The
 * whole buffer drains if the instruction is a release (rl), and always under TSO. If the instruction is an acquire (aq), a
 * buffered AMO drains before it (RVWMO, rule 7). True if other harts access the page too.
 */
function passAtomic(hart: Hart, word: u32, physical: u64, size: u32, writes: bool): bool {
  const shared = isWatching() && noteAccess(physical, hart.id, writes);
  const release = ((word >> 25) & 1) !== 0;
  if (release || !isChaos(Chaos.WeakStores) || holds(hart.id, physical, size)) {
    drain(hart.id);
  } else if (((word >> 26) & 1) !== 0 && holdsAmo(hart.id)) {
    drain(hart.id);
  } else {
    drainAcquire(hart.id);
  }
  point();
  return shared;
}

/** Executes the atomic instruction `word`. The outcome of the access is in outcome.ts. */
export function atomic(hart: Hart, word: u32): Outcome {
  const operation = word >> 27;
  const size: u32 = ((word >> 12) & 7) === 2 ? 4 : 8;
  const rd = (word >> 7) & 31;
  const address = readRegister(hart.id, (word >> 15) & 31);
  const operand = readRegister(hart.id, (word >> 20) & 31);
  const physical = translateAtomic(
    hart,
    address,
    size,
    operation === Operation.Lr ? Access.Load : Access.Store,
  );
  if (outcome === Outcome.Fault) {
    return Outcome.Fault;
  }
  const shared = chaosMask() !== 0 && passAtomic(hart, word, physical, size, operation !== Operation.Lr);
  let result = outcome;
  if (turnEnds()) {
    result = Outcome.Noted;
  }
  if (operation !== Operation.Sc) {
    Observed.read(physical, size, hart.id);
  }
  if (operation === Operation.Lr) {
    reserve(hart, physical, size);
    writeRegister(hart.id, rd, extend(loadLinear(ramAddress(physical), size), size));
    return result;
  }
  if (operation === Operation.Sc) {
    const held = hart.reserved === size && hart.reservedAddress === physical && !scFails();
    unreserve(hart);
    writeRegister(hart.id, rd, held ? 0 : 1);
    return held && write(hart, physical, size, operand) ? Outcome.Noted : result;
  }
  // Nothing uses its result, so it can wait in the buffer.
  if (shared && rd === 0 && isChaos(Chaos.WeakStores)) {
    buffer(hart.id, physical, size, operand, word);
    return result;
  }
  const before = extend(loadLinear(ramAddress(physical), size), size);
  writeRegister(hart.id, rd, before);
  const code = write(hart, physical, size, combine(operation, before, extend(operand, size)));
  return code ? Outcome.Noted : result;
}
