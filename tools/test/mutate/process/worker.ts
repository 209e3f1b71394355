// A process that runs tests, each in a module that is loaded for it: an order comes in, its answer goes out.

import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { readJson } from "../../../../host/json.ts";
import { beginNoting, beginWithout, load, roundsDone, usedModules, wroteToNothing } from "./kept.ts";
import { type Answer, type Order, orderShape } from "./orders.ts";

const FAILURE_LENGTH_MAX = 300;
/** In a millisecond. */
const MICROSECONDS = 1000;

let loads = 0;

async function answer({ bundle, test, without, roundsMax, mayWriteToNothing }: Order): Promise<Answer> {
  const begin = process.cpuUsage();
  const fired = without === null ? beginNoting() : new Set<number>();
  if (without !== null) {
    beginWithout(without, roundsMax);
  }
  let tests: string[] = [];
  let failure: string | null = null;
  try {
    loads++;
    const session = await load(`${pathToFileURL(bundle).href}?${loads}`);
    // A failing property need not be made smaller: that it fails is enough.
    fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
    tests = session.names();
    if (test !== null && tests.includes(test)) {
      await session.run(test);
      if (without !== null && wroteToNothing() && !mayWriteToNothing) {
        failure = "the guest wrote through a null reference";
      }
    }
  } catch (error) {
    failure = String(error).slice(0, FAILURE_LENGTH_MAX);
  }
  const { user, system } = process.cpuUsage(begin);
  return {
    tests,
    failure,
    fired: [...fired],
    modules: usedModules(),
    wroteToNothing: wroteToNothing(),
    rounds: roundsDone(),
    milliseconds: (user + system) / MICROSECONDS,
  };
}

process.on("message", async (order) => {
  const done = await answer(readJson(String(order), "an order", orderShape));
  process.send?.(JSON.stringify(done));
});
