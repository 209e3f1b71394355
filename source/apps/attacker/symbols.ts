/** Labels of puppet.S. */
export declare function puppetStart(): usize;
export declare function puppetEnd(): usize;
export declare function crimes(): usize;
export declare function crimesEnd(): usize;
export declare function echoStart(): usize;
export declare function echoEnd(): usize;
