// The A extension, out of line: LR, SC and every AMO (unprivileged specification, chapter "A").
//
// A reservation is on a line of 64 bytes, and holds for the exact address and size of the LR. It is broken by any
// other hart's or device's store to the line, by a trap, by any SC, and by time (interleave.ts), so a loop of at most
// sixteen instructions, which is all that the specification lets software rely on, succeeds.
import { Hart, readRegister, writeRegister } from "../hart";
import { Access, Outcome, outcome, translateAtomic } from "../mmu";
import { physicalLoad, physicalWritten, ramAddress, storeLinear } from "../ram";

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

/** The store of an SC or AMO. Noted if decoded code was there. */
function write(hart: Hart, physical: u64, size: u32, value: u64): Outcome {
  const code = physicalWritten(physical, size, hart.id);
  storeLinear(ramAddress(physical), size, value);
  return code ? Outcome.Noted : outcome;
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
  if (operation === Operation.Lr) {
    hart.reserved = size;
    hart.reservedAddress = physical;
    hart.reservedAt = hart.retired;
    writeRegister(hart.id, rd, extend(physicalLoad(physical, size), size));
    return outcome;
  }
  if (operation === Operation.Sc) {
    const held = hart.reserved === size && hart.reservedAddress === physical;
    hart.reserved = 0;
    writeRegister(hart.id, rd, held ? 0 : 1);
    return held ? write(hart, physical, size, operand) : outcome;
  }
  const before = extend(physicalLoad(physical, size), size);
  writeRegister(hart.id, rd, before);
  return write(hart, physical, size, combine(operation, before, extend(operand, size)));
}
