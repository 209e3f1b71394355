/** Addresses that the assembly and the linker know. */

/** The six words that the last system call returned in a1–a6 (syscall.S). */
export declare function syscallResults(): usize;
