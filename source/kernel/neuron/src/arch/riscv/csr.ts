/** Bits of the supervisor's control registers, by the names of the privileged ISA (chapter 4). */

/** sstatus.FS, bits 14:13: the state of the floating-point unit; 0 is off. */
export const SSTATUS_FS: u64 = 0x6000;
/** sstatus.VS, bits 10:9: the state of the vector unit; 0 is off. */
export const SSTATUS_VS: u64 = 0x600;
/** sstatus.SUM, bit 18: the kernel may reach user pages. */
export const SSTATUS_SUM: u64 = 0x4_0000;
/** sstatus.MXR, bit 19: executable pages are readable. */
export const SSTATUS_MXR: u64 = 0x8_0000;
/** sstatus.SPP, bit 8: where sret goes; 0 is user mode. */
export const SSTATUS_SPP: u64 = 0x100;

/** sie and sip: supervisor software, timer and external interrupts. */
export const SIE_SSIE: u64 = 1 << 1;
export const SIE_STIE: u64 = 1 << 5;
export const SIE_SEIE: u64 = 1 << 9;

/** satp: MODE (4 bits) │ ASID (16 bits) │ PPN (44 bits); MODE 8 is Sv39. */
export const SATP_MODE_SV39: u64 = 8 << 60;
export const SATP_ASID_SHIFT: u64 = 44;
export const SATP_ASID_MASK: u64 = 0xffff;
