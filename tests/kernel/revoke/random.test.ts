// Three tasks that copy, lend, send, map, drop and take back in random order: with a slot goes exactly what came from it.

import fc from "fast-check";
import { expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import { Kind, Refusal, Right, self, sys } from "../harness/kernel.ts";
import { ask, bootKernel, k, send, slotFrom } from "../harness/tasks.ts";
import { createVmo, kindAt, PAGE, PLACE, READ_WRITE, references, threeTasks } from "./lending.ts";

/** What a draw does: copies, lends, sends, maps, drops or takes back. */
const draw = fc.record({ task: fc.nat(2), to: fc.nat(2), what: fc.nat(99), pick: fc.nat(1000) });

/** A capability to the one memory object, as the test knows it. */
interface Known {
  task: number;
  slot: number;
  /** The slot that lent it. */
  from: Known | undefined;
  lends: boolean;
}

/** All that came from `root`. */
function below(all: readonly Known[], root: Known): Known[] {
  const isBelow = (one: Known): boolean => one.from !== undefined && (one.from === root || isBelow(one.from));
  return all.filter(isBelow);
}

test("in random order: exactly what came from a slot goes with it, and nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(draw, { minLength: 20, maxLength: 90 }), async (draws) => {
      await bootKernel();
      const tasks = threeTasks();
      const { slot, vmo } = createVmo(tasks[0], 2);
      let all: Known[] = [{ task: tasks[0], slot, from: undefined, lends: false }];
      for (const { task: t, to, what, pick } of draws) {
        const chosen = defined(all[pick % all.length]);
        const { task } = chosen;
        const receiver = defined(tasks[to]);
        const from = chosen.lends ? chosen : chosen.from;
        if (what < 25 && receiver !== task && all.length < 30) {
          all.push({ task: receiver, slot: send(task, receiver, chosen.slot), from, lends: false });
        } else if (what < 40 && all.length < 30) {
          all.push({ task, slot: slotFrom(task, sys.Copy, chosen.slot, Right.All, 0), from, lends: false });
        } else if (what < 60 && all.length < 30) {
          const { status, words } = ask(task, sys.Lend, chosen.slot, Right.All, 0);
          if (status === Refusal.None) {
            all.push({ task, slot: Number(words[0]), from, lends: true });
          } else {
            expect(status).toBe(Refusal.BadState);
          }
        } else if (what < 75) {
          ask(task, sys.Map, self, chosen.slot, PLACE + (pick % 8) * 2 * PAGE, 0, 2 * PAGE, READ_WRITE);
        } else if (what < 90 && chosen.lends) {
          expect(ask(task, sys.Revoke, chosen.slot).status).toBe(Refusal.None);
          const gone = below(all, chosen);
          all = all.filter((one) => !gone.includes(one));
        } else if (all.length > 1 && t > 0) {
          expect(ask(task, sys.Drop, chosen.slot).status).toBe(Refusal.None);
          const gone = [chosen, ...below(all, chosen)];
          all = all.filter((one) => !gone.includes(one));
          if (all.length === 0) {
            return;
          }
        }
        const held = tasks.flatMap((one) =>
          Array.from({ length: 64 }, (_, at) => at)
            .filter((at) => kindAt(one, at) === Kind.Vmo)
            .map((at) => `${one} ${at}`),
        );
        expect(held.sort()).toEqual(all.map((one) => `${one.task} ${one.slot}`).sort());
        // Each mapping is one by a capability that was not taken back.
        const mapped = tasks.reduce((sum, one) => sum + k.guest.call("mappedOf", one, vmo), 0);
        expect(references(vmo)).toBe(all.length + mapped);
        k.check(tasks);
      }
    }),
    { numRuns: 40 },
  );
});
