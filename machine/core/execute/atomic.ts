// The A extension, out of line: LR, SC and every AMO (unprivileged specification, chapter "A").
//
// A reservation is on a line of 64 bytes, and holds for the exact address and size of the LR. It is broken by any
// other hart's or device's store to the line, by a trap, by any SC, and by time (interleave.ts), so a loop of at most
// sixteen instructions, which is all that the specification lets software rely on, succeeds.
import { Chaos, chaosMask, isChaos, isWatching, point, scFails, turnEnds } from "../chaos";
import { Hart, readRegister, reserve, unreserve, writeRegister } from "../hart";
import { Access, Outcome, outcome, translateAtomic } from "../mmu";
import { loadLinear, physicalWritten, ramAddress, storeLinear } from "../ram";
import { noteAccess } from "../sharing";
import { drain, holds } from "../store-buffer";

const enum Operation {
  Add = 0,
  Swap = 1,
  Lr = 2,
  Sc = 3,
  Xor = 4,
  Or = 8,
  And = 12,
  Min = 16,
  Max = 20,
  MinUnsigned = 24,
  MaxUnsigned = 28,
}

/** The new value of the cell, of two operands that were both sign-extended from the access's size. */
function combine(operation: Operation, cell: u64, operand: u64): u64 {
  switch (operation) {
    case Operation.Add:
      return cell + operand;
    case Operation.Xor:
      return cell ^ operand;
    case Operation.Or:
      return cell | operand;
    case Operation.And:
      return cell & operand;
    case Operation.Min:
      return <i64>cell < <i64>operand ? cell : operand;
    case Operation.Max:
      return <i64>cell > <i64>operand ? cell : operand;
    // Sign extension keeps the unsigned order, too.
    case Operation.MinUnsigned:
      return cell < operand ? cell : operand;
    case Operation.MaxUnsigned:
      return cell > operand ? cell : operand;
    default:
      return operand;
  }
}

function extend(value: u64, size: u32): u64 {
  return size === 4 ? <u64>(<i64>(<i32>value)) : value;
}

/** The store of an SC or AMO. True if decoded code was there. */
function write(hart: Hart, physical: u64, size: u32, value: u64): bool {
  const code = physicalWritten(physical, size, hart.id);
  storeLinear(ramAddress(physical), size, value);
  return code;
}

/**
 * What chaos makes of an atomic access. It goes to memory itself, so what it overlaps drains first; all that is buffered
 * does if the instruction is a release (rl), and always under TSO.
 */
function passAtomic(hart: Hart, word: u32, physical: u64, size: u32, writes: bool): void {
  if (isWatching()) noteAccess(physical, hart.id, writes);
  const release = ((word >> 25) & 1) !== 0;
  if (release || !isChaos(Chaos.WeakStores) || holds(hart.id, physical, size)) drain(hart.id);
  point();
}

/** Executes the atomic instruction `word`. The outcome of the access is in mmu.ts. */
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
  if (outcome === Outcome.Fault) return Outcome.Fault;
  if (chaosMask() !== 0) passAtomic(hart, word, physical, size, operation !== Operation.Lr);
  let result = outcome;
  if (turnEnds()) result = Outcome.Noted;
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
  const before = extend(loadLinear(ramAddress(physical), size), size);
  writeRegister(hart.id, rd, before);
  const code = write(hart, physical, size, combine(operation, before, extend(operand, size)));
  return code ? Outcome.Noted : result;
}
