/** What probes.S provides. No probe is expected to return. */

export declare function loadFrom(address: u64): void;
export declare function storeTo(address: u64): void;
export declare function jumpTo(address: u64): void;
export declare function illegal(): void;
export declare function illegalZero(): void;
export declare function floatAdd(): void;
export declare function floatLoad(): void;
export declare function floatLoadCompressed(): void;
export declare function floatStatus(): void;
export declare function vectorConfigure(): void;
export declare function readTime(): void;
export declare function readCycle(): void;
export declare function readInstret(): void;
export declare function readSstatus(): void;
export declare function writeSatp(): void;
export declare function writeStimecmp(): void;
export declare function returnFromTrap(): void;
export declare function machineReturn(): void;
export declare function waitForInterrupt(): void;
export declare function flushTranslations(): void;
export declare function debugBreak(): void;
export declare function atomicMisaligned(address: u64): void;
export declare function runOffStack(): void;
