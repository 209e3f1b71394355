/**
 * Declarations for the cases: addresses of symbols.
 */

export declare function __text_end(): usize;
