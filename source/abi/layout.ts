/**
 * A task's address space: the low 2 GiB of Sv39. Everything above belongs to the kernel, and a task can never name it.
 *
 *   0x0000_0000  never mapped (null)
 *   0x0001_0000  text and read-only data of the program
 *   0x0100_0000  its data (asc's --memoryBase)
 *   0x1000_0000  free for mappings: memory objects, device registers
 *   0x7000_0000  end of what a program may place
 *   0x7800_0000  top of the stack; below it STACK_BYTES, below that a page that is never mapped
 *   0x7e00_0000  the startup page (startup.ts), read-only
 *   0x7f00_0000  the message page (message.ts)
 *   0x8000_0000  the end
 */
export const PAGE_BYTES: u32 = 4096;

export const USER_BEGIN: u32 = 0x0001_0000;
export const USER_PROGRAM_END: u32 = 0x7000_0000;
export const USER_MAPPINGS: u32 = 0x1000_0000;
export const STACK_TOP: u32 = 0x7800_0000;
export const STACK_BYTES: u32 = 0x0001_0000;
export const STARTUP_PAGE: u32 = 0x7e00_0000;
export const MESSAGE_PAGE: u32 = 0x7f00_0000;
export const USER_END: u32 = 0x8000_0000;

/** Bytes of the pages that `bytes` bytes take. */
export function wholePages(bytes: u32): u32 {
  return (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}
