// A ring whose device has said nothing: an answer that is not announced is none, whatever lies in its place.

import { expect, test } from "vitest";
import { guest } from "../../harness/guest.ts";

const PAGE_BYTES = 4096;

test("what is not announced is no answer: UsedIndexJump", async () => {
  const g = await guest(
    {
      text: `
        import { DeviceFault } from "virtio/fault";
        import { Queue } from "virtio/queue";
        const queue = changetype<Queue>(memory.data(4096, 16));
        export function begin(used: usize): void { queue.begin(1, used, 8, false); }
        export function takesNothing(): bool { return queue.takeUsed() === DeviceFault.UsedIndexJump; }
        export function hasUsed(): bool { return queue.hasUsed(); }
      `,
    },
    {
      imports: {
        intrinsics: {
          fence: () => {},
          volatileLoad16: (at: number) => g.view().getUint16(at, true),
          volatileLoad32: (at: number) => g.view().getUint32(at, true),
        },
      },
    },
  );
  g.call("begin", g.alloc(PAGE_BYTES, PAGE_BYTES));
  expect([g.call("hasUsed"), g.call("takesNothing")]).toEqual([0, 1]);
});
