// What guest code imports, where it runs in a process of the host.

/** The parameters are the guest's, so each import names its own. */
export type GuestImport = (...args: never[]) => unknown;

/** What a function says about itself is for the toolchain only; fences order what one thread sees in order anyway. */
const nothing = (): void => {};

/** Imports that mean the same everywhere. */
export const usualImports: ReadonlyMap<string, GuestImport> = new Map<string, GuestImport>([
  ["intrinsics.outOfLine", nothing],
  ["intrinsics.unrolled", nothing],
  ["intrinsics.usesZbb", nothing],
  ["intrinsics.fenceAcquire", nothing],
  ["intrinsics.fenceRelease", nothing],
]);
