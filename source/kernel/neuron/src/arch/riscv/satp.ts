/**
 * The address space that a hart is in: its satp (privileged ISA 4.1.11). Identifiers (ASIDs) keep the TLB's entries of
 * different spaces apart; how many bits of one the hardware has is found out at boot.
 */
import { SATP_ASID_MASK, SATP_ASID_SHIFT, SATP_MODE_SV39 } from "./csr";
import { Hart } from "./hart";
import { fenceI, readSatp, sfenceVma, writeSatp } from "./intrinsics";
import { PAGE_SHIFT } from "./paging";

let asidBits: u64 = 0;

/** The satp of the address space at `rootAddress` with identifier `asid`. */
export function satpOf(rootAddress: u32, asid: u32): u64 {
  return SATP_MODE_SV39 | ((<u64>asid & asidBits) << SATP_ASID_SHIFT) | (<u64>rootAddress >> PAGE_SHIFT);
}

/**
 * Puts the kernel's own tables in force on the boot hart and finds out how many identifiers there are: unimplemented
 * bits of satp read back as zero. Returns the satp.
 */
export function enterFirstSpace(rootAddress: u32): u64 {
  const satp = satpOf(rootAddress, 0);
  writeSatp(satp | (SATP_ASID_MASK << SATP_ASID_SHIFT));
  asidBits = (readSatp() >> SATP_ASID_SHIFT) & SATP_ASID_MASK;
  writeSatp(satp);
  sfenceVma();
  return satp;
}

/** Puts the address space of `satp` in force on this hart. */
export function enterSpace(hart: Hart, satp: u64): void {
  if (hart.isIn(satp)) {
    return;
  }
  writeSatp(satp);
  hart.satp = satp;
}

/**
 * Whether the hardware tells identifiers up to `most` apart. If not, two spaces may share one, and each switch has to
 * forget what the TLB knows.
 */
export function asidsSuffice(most: u32): bool {
  return <u64>most <= asidBits;
}

/**
 * This hart sees page tables and instructions as they now are. Hardware may remember that an entry was invalid
 * (privileged ISA 4.2.1), and what its instruction cache held (unprivileged ISA, Zifencei).
 */
export function seeNewMappings(): void {
  sfenceVma();
  fenceI();
}
