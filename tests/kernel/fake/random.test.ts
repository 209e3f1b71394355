// Random system calls of a task, one after another, in the kernel and in the fake kernel: both answer the same.

import fc from "fast-check";
import { expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import {
  type FakeKernel,
  messagePage,
  pageBytes,
  Right,
  Syscall,
  self,
  userEnd,
} from "../../harness/fake-kernel/kernel.ts";
import { both, type Call, EMPTY, FREE, slot, VMO_BYTES } from "./both.ts";

const RUNS = 15;
const STEPS_MAX = 120;

/** Mostly one of these slots, and any other now and then. */
function mostly(...likely: readonly number[]): fc.Arbitrary<number> {
  const any = fc.constantFrom(...Object.values(slot), slot.free + 1, slot.free + 2, EMPTY, 64);
  return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...likely) }, { weight: 1, arbitrary: any });
}

const { job, endpoint, caller, notification, signaller, free } = slot;
const rights = fc.constantFrom(
  0,
  Right.Read,
  3,
  5,
  7,
  9,
  Right.Send,
  Right.Receive | Right.Transfer,
  Right.All,
);
const badges = fc.constantFrom(0, 0, 1, 3, 4, 7, 2n ** 32n);
const sizes = fc.constantFrom(0, 1, pageBytes, VMO_BYTES, VMO_BYTES + pageBytes);
const pages = fc.constantFrom(pageBytes, pageBytes, VMO_BYTES, 0, 100);
const places = fc.constantFrom(FREE, FREE + pageBytes, FREE + VMO_BYTES, 0, FREE + 8, messagePage, userEnd);
const spaces = mostly(Number(self), slot.task, slot.task);
const vmos = mostly(slot.vmo, slot.vmo, slot.readable, free);
const notifications = mostly(notification, notification, signaller, free);
const word = fc.nat(8);
/** The limits of a job: of tasks and of memory objects, enough or none. */
const objects = fc.constantFrom(0, 0x0010_0010);
/** Any call that comes back at once, and whose results are the same wherever memory and tasks lie. */
const anyCall: fc.Arbitrary<Call> = fc.oneof(
  call(Syscall.VmoSize, vmos),
  call(Syscall.CreateVmo, sizes, mostly(Number(self), Number(self), free)),
  call(Syscall.Map, spaces, vmos, places, fc.constantFrom(0, 0, pageBytes, VMO_BYTES), pages, rights),
  call(Syscall.Map, spaces, vmos, places, fc.constant(0), pages, fc.constant(Right.Read)),
  call(Syscall.Unmap, spaces, places),
  call(Syscall.Create, fc.nat(5)),
  call(Syscall.Copy, mostly(endpoint, caller, notification, signaller, free), rights, badges),
  call(Syscall.Drop, mostly(free, free + 1, free + 2)),
  call(Syscall.Grant, mostly(slot.task), mostly(endpoint, caller, signaller), rights, badges, fc.nat(2)),
  call(Syscall.Grant, mostly(slot.task), mostly(slot.vmo, slot.console), rights, badges, mostly(63, 64)),
  call(Syscall.CreateTask, fc.nat(5), notifications, word, mostly(Number(self), job)),
  call(Syscall.CreateJob, mostly(Number(self), job), fc.constantFrom(0, 100, 2 ** 20), objects, word),
  call(Syscall.EndJob, mostly(free + 3, free, endpoint)),
  call(Syscall.NameTask, mostly(slot.task), word, word),
  call(Syscall.TaskStatus, mostly(slot.task, free)),
  call(Syscall.Signal, notifications, word),
  call(Syscall.Bind, notifications),
  call(Syscall.Reply, word, word),
  call(
    Syscall.Pin,
    mostly(slot.device, slot.lookedAt),
    vmos,
    fc.constantFrom(0, 0, pageBytes, VMO_BYTES),
    sizes,
  ),
  call(Syscall.Unpin, mostly(slot.device, slot.lookedAt), fc.nat(17), word),
  call(Syscall.UnpinAll, mostly(slot.device, slot.lookedAt)),
  call(Syscall.CompleteInterrupt, mostly(slot.interrupt)),
  call(Syscall.AuditWrite, mostly(slot.audit, slot.trail), fc.nat(12), word, word),
);

function call(number: number, ...args: fc.Arbitrary<number | bigint>[]): fc.Arbitrary<Call> {
  return fc.tuple(...args).map((words) => [number, ...words]);
}

/** What the fake does not do: to map a memory object twice into the task's own memory. */
function isNotFaked(kernel: FakeKernel, [number, where, of]: Call): boolean {
  if (number !== Syscall.Map) {
    return false;
  }
  const object = kernel.slots.get(Number(of))?.object;
  const isMapped = [...kernel.mappings.values()].some(({ vmo }) => vmo === object);
  return BigInt(defined(where)) === self && isMapped;
}

test("both give the same answer to any call of a task", async () => {
  let asked = 0;
  let done = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyCall, { maxLength: STEPS_MAX, size: "max" }), async (calls) => {
      const { real, fake } = await both();
      for (const [step, call] of calls.entries()) {
        if (isNotFaked(fake.kernel, call)) {
          continue;
        }
        const inFake = fake.ask(call);
        expect([step, call, inFake]).toEqual([step, call, real.ask(call)]);
        asked += 1;
        done += Number(inFake[0] === 0);
      }
    }),
    { numRuns: RUNS },
  );
  // Neither all refused nor all allowed, or the test says little.
  expect(done).toBeGreaterThan(asked / 4);
  expect(asked - done).toBeGreaterThan(asked / 4);
});
