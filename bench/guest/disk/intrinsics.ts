/** What a program in S-mode needs and TypeScript cannot express: one instruction each. */

export declare function readTime(): u64;
export declare function wfi(): void;
export declare function readSatp(): u64;
export declare function writeSatp(value: u64): void;
/** Sets bits of sie. */
export declare function setSie(bits: u64): void;
