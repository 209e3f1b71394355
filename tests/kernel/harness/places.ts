// Where the linker script places what is in the machine, for the kernel in Node (kernel.ts).

export const places = {
  harts: 0x0800_0000,
  kernelSatp: 0x0801_0000,
  trapEntry: 0x8020_0000,
  secondaryEntry: 0x8020_0040,
  parkEntry: 0x8020_0080,
  expectedHart: 0x0801_0040,
  __text_start: 0x8020_0000,
  __text_end: 0x8020_4000,
  __rodata_start: 0x8020_4000,
  __rodata_end: 0x8020_8000,
  __bundle_start: 0x8020_6000,
  __bundle_end: 0x8020_8000,
  __init_start: 0x8020_6000,
  __init_end: 0x8020_7000,
  __data_start: 0x8021_0000,
  __data_end: 0x8021_8000,
  kernelStacks: 0x8021_8000,
  panicStacks: 0x8022_c000,
  __kernel_end: 0x8023_8000,
} as const;

/** The registers of devices, by their physical address. */
export interface Registers {
  load(address: number): number;
  store(address: number, value: number): void;
}

/**
 * V8 counts two gigabytes of memory as garbage to come, and collects all garbage at each boot: half of the time of some
 * tests. It does not count a memory that threads could share.
 */
export const memoryFlags = ["--sharedMemory", "--maximumMemory", "65536"];
