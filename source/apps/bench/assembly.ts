/** What measured.S provides beside labels. */

/** What is measured from here on is called `name`; the first `warmRounds` rounds only warm up. */
export declare function benchOperation(name: string, warmRounds: u32): void;
/** A stretch of this program is measured from here … */
export declare function benchBeginStretch(): void;
/** … to here. */
export declare function benchEndStretch(): void;

/** A system call that is measured (see runtime/assembly.ts). */
export declare function measuredCall(
  a0: u64,
  a1: u64,
  a2: u64,
  a3: u64,
  a4: u64,
  a5: u64,
  a6: u64,
  number: u64,
): i64;
/** A system call behind which something ends that another task has begun. */
export declare function awaitedCall(
  a0: u64,
  a1: u64,
  a2: u64,
  a3: u64,
  a4: u64,
  a5: u64,
  a6: u64,
  number: u64,
): i64;
