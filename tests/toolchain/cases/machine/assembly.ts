/**
 * Declarations for the cases: symbols that hand-written assembly would define.
 */

export declare function switchTo(context: usize, argument: i64): i32;
export declare function halt(): void;
