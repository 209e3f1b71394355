/** Functions of start.S. */

/** Calls a hundred functions that do nothing, in six pages of code. */
export declare function callBlocks(): void;
