// A virtio block device that lies at any moment in all that it says, in front of the disk's driver and of the kernel that writes
// its ring.

import { FuzzGuest } from "../../engine/guest.ts";
import type { Target } from "../../engine/target.ts";
import { virtioText } from "./guest.ts";
import { identityOf, lied, step } from "./lies.ts";
import { IDENTITY_BYTES, VirtioRun } from "./run.ts";

const INPUT_BYTES_MAX = 400;
/** A reset is waited for with 100,000 reads. */
const FUEL = 20_000_000;

const plain = [0, 4];
const read = (lba: number, count = 1): number[] => [step.submit, lba, count - 1, 255];

function input(identity: readonly number[], ...steps: readonly (readonly number[])[]): Uint8Array {
  const head = Array.from({ length: IDENTITY_BYTES }, (_, index) => identity[index] ?? 0);
  return Uint8Array.from([...head, ...steps.flatMap((words) => [...words, 0, 0, 0].slice(0, 4))]);
}

const seeds: readonly Uint8Array[] = [
  ...[0, 1].map((version) =>
    input([version, 4], read(0), read(9, 8), [step.finish, 1], [step.finish], [step.interrupt]),
  ),
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((lie) =>
    input(plain, read(1), read(2), [step.lieInAnswer, 0, 22, lie], [step.interrupt], read(3), [step.finish]),
  ),
  ...lied.map((_, index) =>
    input(
      plain,
      read(1),
      [step.lieInRegister, index, 0, 4],
      [step.open],
      read(2),
      [step.finish],
      [step.interrupt],
    ),
  ),
  input(plain, read(1), [step.expire, 255], read(2), [step.finish], [step.interrupt], [step.unpin, 1]),
  input(plain, read(1), [step.later, 3], [step.say, 0, 0, 1], [step.interrupt], read(2)),
  // The kernel finds another id than the driver did: one in the middle of a chain.
  input(plain, read(1), read(2), [step.finish], [step.interrupt], [step.scribble, 1, 0, 4], read(3), [
    step.unpin,
    1,
  ]),
  input(plain, read(1), [step.slowness, 255], [step.askForReset], [step.interrupt], [step.unpin, 1]),
  input([0, 8, 0, 0, 0, 2], read(1, 8), [step.finish], [step.scribble, 1, 22, 9], [step.interrupt]),
];

/** @param root the repository whose guest code is under test, if it is not this one */
export function virtioOf(root?: string): Target {
  return {
    name: "virtio",
    about: "the disk's driver and the kernel's ring, before a device that lies",
    inputBytesMax: INPUT_BYTES_MAX,
    isText: false,
    isSlow: true,
    start: async () => {
      let now: VirtioRun | undefined;
      const run = (): VirtioRun => {
        if (now === undefined) {
          throw new Error("the guest runs before its device is there");
        }
        return now;
      };
      const load = (bytes: 1 | 2 | 4) => (address: number) => run().bus.load(address >>> 0, bytes);
      const store = (bytes: 1 | 2 | 4) => (address: number, value: number) =>
        run().bus.store(address >>> 0, bytes, value >>> 0);
      const nothing = (): void => {};
      const guest = await FuzzGuest.start({
        text: virtioText,
        inputBytesMax: 0,
        fuel: FUEL,
        ...(root === undefined ? {} : { root }),
        imports: {
          intrinsics: {
            volatileLoad8: load(1),
            volatileLoad16: load(2),
            volatileLoad32: load(4),
            volatileStore8: store(1),
            volatileStore16: store(2),
            volatileStore32: store(4),
            fence: nothing,
            fenceIo: nothing,
          },
          assembly: { systemCall: (...words: bigint[]) => run().bus.systemCall(words) },
        },
      });
      return guest.running({
        seeds,
        dictionary: [],
        run: (bytes) => {
          const next = new VirtioRun(guest, identityOf(bytes));
          now = next;
          next.run(bytes);
        },
      });
    },
  };
}

export const virtio: Target = virtioOf();
