/**
 * What the instructions of the A extension compute (unprivileged specification, chapter "A").
 */

/** What an atomic instruction does: its upper five bits. */
export const enum Operation {
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

/** The new value of the cell. Both operands were sign-extended from the access's size. */
export function combine(operation: Operation, cell: u64, operand: u64): u64 {
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
    // Sign extension keeps the unsigned order as well.
    case Operation.MinUnsigned:
      return cell < operand ? cell : operand;
    case Operation.MaxUnsigned:
      return cell > operand ? cell : operand;
    default:
      return operand;
  }
}

/** Sign-extends what an AMO or LR of `size` bytes read. */
export function extend(value: u64, size: u32): u64 {
  return size === 4 ? <u64>(<i64>(<i32>value)) : value;
}
