/**
 * Pointers from a task. The kernel never dereferences one: it looks the page up in the task's page table and reads
 * through its own map of RAM. So SUM stays off, and a bad pointer is refused.
 */
import { PAGE_BYTES, USER_END } from "abi/layout";
import { PageTable, PTE_R, PTE_U, walk } from "../arch/riscv/paging";
import { RAM_BASE } from "./frames";

/** The kernel's address of the readable user byte at `address`, or 0. Good to the end of its page. */
function readable(rootAddress: u32, address: u32): u32 {
  if (address >= USER_END) {
    return 0;
  }
  const entry = walk(changetype<PageTable>(rootAddress), address);
  if (entry === null || (entry.flags & (PTE_U | PTE_R)) !== (PTE_U | PTE_R)) {
    return 0;
  }
  // A device's registers are no memory, and the kernel has no such address.
  if (entry.address < RAM_BASE) {
    return 0;
  }
  return entry.address + (address & (PAGE_BYTES - 1));
}

/** Copies `bytes` of the task's memory from `address` to `into`. False if any of it is not the task's to read. */
export function copyFromUser(rootAddress: u32, address: u32, bytes: u32, into: usize): bool {
  let done: u32 = 0;
  while (done < bytes) {
    const at = address + done;
    if (at < address) {
      return false;
    }
    const from = readable(rootAddress, at);
    if (from === 0) {
      return false;
    }
    const inPage = PAGE_BYTES - (at & (PAGE_BYTES - 1));
    const count = min<u32>(inPage, bytes - done);
    memory.copy(into + done, from, count);
    done += count;
  }
  return true;
}
