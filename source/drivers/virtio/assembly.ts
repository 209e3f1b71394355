/** What syscall.S provides: one system call (abi/syscall.ts). Returns the status. */
export declare function systemCall(
  a0: u64,
  a1: u64,
  a2: u64,
  a3: u64,
  a4: u64,
  a5: u64,
  a6: u64,
  number: u64,
): i64;
