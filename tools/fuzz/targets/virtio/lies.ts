// What the bytes of an input mean: what the device is, and what it does in one step.

import { VirtioRegister as register } from "../../../../build/gen/host/source/abi/virtio.ts";
import type { Identity, LyingDevice } from "./device.ts";

/** Sectors of the disk, if the input does not say more. */
export const DISK_SECTORS = 64;

/** The steps, in the order of their numbers. */
export const step = {
  submit: 0,
  interrupt: 1,
  finish: 2,
  lieInAnswer: 3,
  say: 4,
  lieInRegister: 5,
  later: 6,
  expire: 7,
  scribble: 8,
  change: 9,
  kick: 10,
  unpin: 11,
  slowness: 12,
  askForReset: 13,
  interruptStatus: 14,
  open: 15,
} as const;
export const STEPS = Object.keys(step).length;
/** Steps that the device takes. */
export const ofDevice: ReadonlySet<number> = new Set([2, 3, 4, 5, 8, 9, 12, 13, 14]);

/** Values that are worth a lie. */
const values: readonly number[] = [
  0, 1, 2, 3, 4, 8, 15, 0x10, 0x40, 0x7f, 0x80, 0xff, 0x100, 0x1000, 0x7fff, 0x8000, 0xffff, 0x1_0000,
  0x7fff_ffff, 0x8000_0000, 0xffff_0000, 0xffff_fffe, 0xffff_ffff,
];
/** Registers that driver or kernel read. */
export const lied: readonly number[] = [
  register.MagicValue,
  register.Version,
  register.DeviceId,
  register.DeviceFeatures,
  register.QueueNumMax,
  register.QueueReady,
  register.QueuePfn,
  register.InterruptStatus,
  register.Status,
  register.ConfigGeneration,
  register.Config,
  register.Config + 4,
  register.Config + 8,
  register.Config + 12,
  register.Config + 20,
];

export function identityOf(input: Uint8Array): Identity {
  const [version = 0, queue = 0, sectors = 0, block = 0, segMax = 0, sizeMax = 0, turned = 0, odd = 0] =
    input;
  return {
    version: (version & 1) === 0 ? 2 : 1,
    queueSizeMax: (1 << (queue % 11)) - (queue >> 7),
    sectors: BigInt(DISK_SECTORS + sectors) << BigInt(odd & 0x3f),
    blockBytes: 512 << (block % 5),
    segMax: segMax === 0 ? 254 : segMax - 1,
    sizeMax: sizeMax * 256,
    turned: turned === 0 ? 0n : 1n << BigInt((turned - 1) % 64),
  };
}

/** A device that the driver takes. */
export function goodIdentity(version: 1 | 2): Identity {
  return {
    version,
    queueSizeMax: 16,
    sectors: BigInt(DISK_SECTORS),
    blockBytes: 512,
    segMax: 254,
    sizeMax: 0,
    turned: 0n,
  };
}

/** The device takes a step. */
export function takeStep(device: LyingDevice, what: number, a: number, b: number, c: number): void {
  const value = values[b % values.length] ?? 0;
  device.look();
  switch (what) {
    case step.finish:
      device.finish(a, b % 4 === 3 ? { status: 1 + (c % 2), withoutData: true } : {});
      break;
    case step.lieInAnswer: {
      const lies = [
        { id: value },
        { length: value },
        { status: value & 0xff },
        { status: null },
        { step: value & 0xffff },
        { withoutData: true },
        { id: value, length: 0 },
        { status: value & 0xff, withoutData: true },
      ];
      device.finish(a, lies[c % lies.length]);
      break;
    }
    case step.say:
      device.say(a, value, c % 8);
      break;
    case step.lieInRegister: {
      const offset = lied[a % lied.length] ?? 0;
      device.lieAbout(offset, {
        value,
        isAdded: (c & 1) !== 0,
        reads: c >> 1 === 0x7f ? 0xff : c >> 1,
      });
      break;
    }
    case step.scribble:
      device.scribble(a, (value & ~0xff) | c);
      break;
    case step.change:
      device.change(changed(device.identity, a, b), (c & 1) === 0);
      break;
    case step.slowness:
      device.slowness = a;
      break;
    case step.askForReset:
      device.askForReset();
      break;
    case step.interruptStatus:
      device.interruptStatus = a;
      break;
    default:
  }
}

function changed(identity: Identity, a: number, b: number): Identity {
  switch (a % 5) {
    case 0:
      return { ...identity, sectors: BigInt(values[b % values.length] ?? 0) };
    case 1:
      return { ...identity, blockBytes: values[b % values.length] ?? 0 };
    case 2:
      return { ...identity, queueSizeMax: values[b % values.length] ?? 0 };
    case 3:
      return { ...identity, turned: 1n << BigInt(b % 64) };
    default:
      return { ...identity, segMax: b };
  }
}
