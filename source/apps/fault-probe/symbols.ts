/** Where the hog's code is in this program (probes.S). */
export declare function hogStart(): usize;
export declare function hogEnd(): usize;
