// The words of ./nx boot and ./nx hw, after they are checked.

import type { Profile, Trust } from "../../toolchain/steps/build.ts";

/** The options that `boot` and `hw` share, as commander gives them. */
export interface MachineWords {
  smp: number;
  /** Undefined: QEMU if it is installed, else the embedded machine. */
  machine?: "qemu" | "embedded";
  /** A file; true: the image of this build; false: no disk. */
  disk: string | boolean;
  legacy?: true;
  /** Undefined: not given, which means slot 0. Given without a disk it is refused (inputs.ts). */
  slot?: number | "last";
  sstc: boolean;
  aclint?: true;
  zbb?: true;
  profile: Profile;
  trust: Trust;
  log?: string;
  /** Seconds; undefined: long enough for a boot, and for a person with a debugger. */
  timeout?: number;
  json?: true;
  /** Only the embedded machine has this and the next three. */
  seed?: bigint;
  fault?: string;
  /** Kinds of chaos; true: all. */
  chaos?: string | true;
  record?: string;
  /** Whether hot code is translated. */
  translation: boolean;
  firmware?: string;
  /** A port for gdb; 0: any free one. */
  gdb?: number;
}

export interface BootWords extends MachineWords {
  qemuTree?: true;
}
