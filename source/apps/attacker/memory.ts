/**
 * Attacks on W^X and on the kernel's half of the address space: this asks for the mapping, and does what it would
 * allow.
 */
import { Right } from "abi/handle";
import {
  MESSAGE_PAGE,
  PAGE_BYTES,
  STACK_TOP,
  STARTUP_PAGE,
  USER_BEGIN,
  USER_END,
  USER_MAPPINGS,
} from "abi/layout";
import { Role } from "abi/startup";
import { NO_SLOT, SELF, Syscall } from "abi/syscall";
import { systemCall } from "runtime/assembly";
import { createVmo, map, result, unmap } from "runtime/call";
import { slotOf } from "runtime/startup";
import { Crime, commit, SCRIPT } from "./puppet/puppet";
import { tellStatus } from "./report";

const FREE: usize = USER_MAPPINGS + 0x0800_0000;
const READ_WRITE: u32 = Right.Read | Right.Write;

export function attackMemory(): void {
  if (createVmo(PAGE_BYTES) < 0) {
    return;
  }
  const vmo = <u32>result(0);
  tellStatus("mapping RWX", map(vmo, FREE, 0, PAGE_BYTES, READ_WRITE | Right.Execute));
  tellStatus("mapping WX", map(vmo, FREE, 0, PAGE_BYTES, Right.Write | Right.Execute));
  tellStatus("mapping W", map(vmo, FREE, 0, PAGE_BYTES, Right.Write));
  tellStatus("mapping with all rights", map(vmo, FREE, 0, PAGE_BYTES, Right.All));
  tellStatus(
    "mapping with rights of 33 bits",
    rawMap(vmo, FREE, 0, PAGE_BYTES, ((<u64>1) << 32) | READ_WRITE),
  );
  tellStatus("mapping W over R-X of its own", map(vmo, USER_BEGIN, 0, PAGE_BYTES, READ_WRITE));
  tellStatus("mapping over the stack", map(vmo, STACK_TOP - PAGE_BYTES, 0, PAGE_BYTES, READ_WRITE));
  tellStatus("mapping over the startup page", map(vmo, STARTUP_PAGE, 0, PAGE_BYTES, READ_WRITE));
  tellStatus("mapping over the message page", map(vmo, MESSAGE_PAGE, 0, PAGE_BYTES, READ_WRITE));
  tellStatus("unmapping the message page", unmap(MESSAGE_PAGE));
  tellStatus("mapping with no capability", map(NO_SLOT, FREE, 0, PAGE_BYTES, READ_WRITE));
  tellStatus("mapping the console", map(slotOf(Role.Console), FREE, 0, PAGE_BYTES, READ_WRITE));

  tellStatus("mapping at null", rawMap(vmo, 0, 0, PAGE_BYTES, READ_WRITE));
  tellStatus("mapping at the kernel", rawMap(vmo, 0xffff_ffff_8020_0000, 0, PAGE_BYTES, READ_WRITE));
  tellStatus("mapping at the kernel's low half", rawMap(vmo, 0x8020_0000, 0, PAGE_BYTES, READ_WRITE));
  tellStatus("mapping at the device window", rawMap(vmo, 0xc200_0000, 0, PAGE_BYTES, READ_WRITE));
  tellStatus("mapping at the end of user space", rawMap(vmo, USER_END, 0, PAGE_BYTES, READ_WRITE));
  tellStatus(
    "mapping across the end of user space",
    rawMap(vmo, <u64>USER_END - PAGE_BYTES, 0, 2 * PAGE_BYTES, READ_WRITE),
  );
  tellStatus("mapping in the hole of Sv39", rawMap(vmo, 0x40_0000_0000, 0, PAGE_BYTES, READ_WRITE));
  tellStatus(
    "mapping so that 32 bits wrap",
    rawMap(vmo, 0x1_0000_0000 | <u64>FREE, 0, PAGE_BYTES, READ_WRITE),
  );
  tellStatus("mapping past the object", rawMap(vmo, FREE, 0, 2 * PAGE_BYTES, READ_WRITE));
  tellStatus("mapping from past the object", rawMap(vmo, FREE, PAGE_BYTES, PAGE_BYTES, READ_WRITE));
  tellStatus(
    "mapping so that offset and length wrap",
    rawMap(vmo, FREE, PAGE_BYTES, 0 - <u64>PAGE_BYTES, READ_WRITE),
  );
  tellStatus("mapping a length of 2^32", rawMap(vmo, FREE, 0, (<u64>1) << 32, READ_WRITE));

  commit("reading the kernel", Crime.Load, 0xffff_ffff_8020_0000);
  commit("reading the kernel's data", Crime.Load, 0xffff_ffff_8040_0000);
  commit("reading the kernel by its physical address", Crime.Load, 0x8020_0000);
  commit("reading the firmware", Crime.Load, 0x8000_0000);
  commit("writing the kernel", Crime.Store, 0xffff_ffff_8020_0000);
  commit("jumping into the kernel", Crime.Jump, 0xffff_ffff_8020_0000);
  commit("reading null", Crime.Load, 0);
  commit("reading the hole of Sv39", Crime.Load, 0x40_0000_0000);
  commit("writing its own code", Crime.Store, USER_BEGIN);
  commit("running its own data", Crime.Jump, SCRIPT + 64);
  commit("running its message page", Crime.Jump, MESSAGE_PAGE);
  commit("writing satp", Crime.WriteSatp, 0);
  commit("sfence.vma", Crime.SfenceVma, 0);
}

/** Map with all arguments in 64 bits. */
function rawMap(vmo: u32, address: u64, offset: u64, bytes: u64, rights: u64): i32 {
  return <i32>systemCall(SELF, vmo, address, offset, bytes, rights, 0, Syscall.Map);
}
