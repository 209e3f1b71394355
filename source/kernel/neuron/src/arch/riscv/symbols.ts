/** Addresses that the linker script and the assembly know. Each function returns the address of its symbol. */
export declare function __text_start(): usize;
export declare function __text_end(): usize;
export declare function __rodata_start(): usize;
export declare function __rodata_end(): usize;
export declare function __data_start(): usize;
export declare function __data_end(): usize;
export declare function __bundle_start(): usize;
export declare function __bundle_end(): usize;
export declare function __init_start(): usize;
export declare function __init_end(): usize;
export declare function __kernel_end(): usize;

export declare function harts(): usize;
export declare function kernelStacks(): usize;
export declare function panicStacks(): usize;
export declare function kernelSatp(): usize;
export declare function trapEntry(): usize;
export declare function secondaryEntry(): usize;
export declare function parkEntry(): usize;
export declare function expectedHart(): usize;
