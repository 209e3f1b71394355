/** Labels of measured.S. */
export declare function measuredPage(): usize;
export declare function measuredPageEnd(): usize;
export declare function childEcho(): usize;
export declare function childYield(): usize;
export declare function childSignal(): usize;
export declare function childWait(): usize;
export declare function childLeave(): usize;
