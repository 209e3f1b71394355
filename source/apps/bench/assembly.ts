/** What measured.S provides beside labels. */

/** The measurements from here on get the name `name`; the first `warmRounds` rounds only warm up. */
export declare function benchOperation(name: string, warmRounds: u32): void;
/** A measured stretch of this program begins here … */
export declare function benchBeginStretch(): void;
/** … and ends here. */
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
/** A system call that ends a measurement that another task has begun. */
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
