/**
 * Loads and stores that find their page in the hart's table. Each method tries that inline, and says whether it worked.
 *
 * An entry's tag is compared with the address, of which the page offset is cleared except for the bits that are zero in an
 * aligned address. So one comparison checks both the page and the alignment. Accesses that miss, are misaligned or are not
 * to RAM go to slow.ts.
 */
import { At } from "../code/ops";
import { Entry } from "../memory/tlb";

@final
export class Memory {
  @inline
  static address(x: usize, op: usize): u64 {
    return load<u64>(x + At.rs1(op)) + <u64>At.immediate(op);
  }

  /** Loads a T into rd: sign-extended if it is signed. */
  @inline
  static load<T extends number>(x: usize, op: usize, table: usize): bool {
    const address = Memory.address(x, op);
    const entry = Entry.of(table, address);
    const mask: u64 = ~0xfff | <u64>(sizeof<T>() - 1);
    if (Entry.readTag(entry) !== (address & mask)) {
      return false;
    }
    store<u64>(x + At.rd(op), <u64>load<T>(Entry.linear(entry, address)));
    return true;
  }

  /** Stores the low part of rs2 that fits a T. */
  @inline
  static store<T extends number>(x: usize, op: usize, table: usize): bool {
    const address = Memory.address(x, op);
    const entry = Entry.of(table, address);
    const mask: u64 = ~0xfff | <u64>(sizeof<T>() - 1);
    if (Entry.writeTag(entry) !== (address & mask)) {
      return false;
    }
    store<T>(Entry.linear(entry, address), <T>load<u64>(x + At.rs2(op)));
    return true;
  }

  /** The linear address of an atomic operand of type T, or 0. The immediate is the instruction. */
  @inline
  static atomic<T extends number>(x: usize, op: usize, table: usize): usize {
    const address = load<u64>(x + At.rs1(op));
    const entry = Entry.of(table, address);
    const mask: u64 = ~0xfff | <u64>(sizeof<T>() - 1);
    return Entry.writeTag(entry) === (address & mask) ? Entry.linear(entry, address) : 0;
  }

  /** amoadd */
  @inline
  static amoAdd<T extends number>(x: usize, op: usize, table: usize): bool {
    const at = Memory.atomic<T>(x, op, table);
    if (at === 0) {
      return false;
    }
    const before = <u64>load<T>(at);
    store<T>(at, <T>(before + load<u64>(x + At.rs2(op))));
    store<u64>(x + At.rd(op), before);
    return true;
  }

  /** amoswap */
  @inline
  static amoSwap<T extends number>(x: usize, op: usize, table: usize): bool {
    const at = Memory.atomic<T>(x, op, table);
    if (at === 0) {
      return false;
    }
    const before = <u64>load<T>(at);
    store<T>(at, <T>load<u64>(x + At.rs2(op)));
    store<u64>(x + At.rd(op), before);
    return true;
  }
}
