/**
 * Loads, stores and the two AMOs of locks, as the loop executes them inline, for a machine with watchpoints: by the same
 * tables, so the run is the same. What they leave to slow.ts is left to it here too.
 */
import { At, Op } from "../code/ops";
import { Hart } from "../hart/hart";
import { Observed } from "../hart/watchpoints";
import { RAM_START, ramBase } from "../layout";
import { Entry } from "../memory/tlb";
import { Memory } from "./memory";

/** How many ops of a kind follow the first. */
const LOADS_LAST: u32 = Op.Lwu - Op.Lb;
const ATOMICS_LAST: u32 = Op.AmoAddD - Op.AmoSwapW;

/**
 * Executes an access inline. False if it could not, or the op is no access.
 *
 * @param guarded every store is executed out of line, because another hart holds a reservation
 */
export function accessObserved(hart: Hart, op: usize, guarded: bool): bool {
  const x = changetype<usize>(hart);
  const table = <usize>hart.dataTable;
  const code = At.code(op);
  const isLoad = code - Op.Lb <= LOADS_LAST;
  if (guarded && !isLoad) {
    return false;
  }
  const isAtomic = code - Op.AmoSwapW <= ATOMICS_LAST;
  // Before the access, which may change the register.
  const address = isAtomic ? load<u64>(x + At.rs1(op)) : Memory.address(x, op);
  if (!access(x, op, table, code)) {
    return false;
  }
  const linear = Entry.linear(Entry.of(table, address), address);
  const physical = <u64>(linear - ramBase()) + RAM_START;
  const bytes = bytesOf(code);
  if (isLoad || isAtomic) {
    Observed.read(physical, bytes, hart.id);
  }
  if (!isLoad) {
    Observed.write(physical, bytes, hart.id);
  }
  return true;
}

function access(x: usize, op: usize, table: usize, code: u32): bool {
  switch (code) {
    case Op.Lb:
      return Memory.load<i8>(x, op, table);
    case Op.Lh:
      return Memory.load<i16>(x, op, table);
    case Op.Lw:
      return Memory.load<i32>(x, op, table);
    case Op.Ld:
      return Memory.load<u64>(x, op, table);
    case Op.Lbu:
      return Memory.load<u8>(x, op, table);
    case Op.Lhu:
      return Memory.load<u16>(x, op, table);
    case Op.Lwu:
      return Memory.load<u32>(x, op, table);
    case Op.Sb:
      return Memory.store<u8>(x, op, table);
    case Op.Sh:
      return Memory.store<u16>(x, op, table);
    case Op.Sw:
      return Memory.store<u32>(x, op, table);
    case Op.Sd:
      return Memory.store<u64>(x, op, table);
    case Op.AmoSwapW:
      return Memory.amoSwap<i32>(x, op, table);
    case Op.AmoAddW:
      return Memory.amoAdd<i32>(x, op, table);
    case Op.AmoSwapD:
      return Memory.amoSwap<u64>(x, op, table);
    case Op.AmoAddD:
      return Memory.amoAdd<u64>(x, op, table);
    default:
      return false;
  }
}

function bytesOf(code: u32): u64 {
  switch (code) {
    case Op.Lb:
    case Op.Lbu:
    case Op.Sb:
      return 1;
    case Op.Lh:
    case Op.Lhu:
    case Op.Sh:
      return 2;
    case Op.Lw:
    case Op.Lwu:
    case Op.Sw:
    case Op.AmoSwapW:
    case Op.AmoAddW:
      return 4;
    default:
      return 8;
  }
}
