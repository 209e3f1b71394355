// Worker processes. Each takes one order at a time. One that does not answer in time, or dies, is replaced: without a
// check the code may run for ever, and that is noticed like any failure.

import { type ChildProcess, fork } from "node:child_process";
import { readJson } from "../../../host/json.ts";
import { type Answer, answerShape, type Order } from "./process/orders.ts";

/** After so many orders a process has loaded so many modules that a new one is better. */
const ORDERS_MAX = 400;

/** Gives a process that runs orders, to `work`, for each of the items; so many at a time. */
export async function inWorkers<Item>(
  script: string,
  workers: number,
  items: Iterable<Item>,
  work: (item: Item, worker: Worker) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const lanes = Array.from({ length: workers }, async () => {
    const worker = new Worker(script);
    try {
      for (let next = queue.next(); next.done !== true; next = queue.next()) {
        await work(next.value, worker);
      }
    } finally {
      worker.end();
    }
  });
  await Promise.all(lanes);
}

export class Worker {
  private readonly script: string;
  private child: ChildProcess | undefined;
  private orders = 0;

  constructor(script: string) {
    this.script = script;
  }

  /** Runs one order. No answer within this time, and the end of the process, are failures. */
  run(order: Order, milliseconds: number): Promise<Answer> {
    if (this.orders >= ORDERS_MAX) {
      this.end();
    }
    const child = this.process();
    this.orders++;
    return new Promise((resolve) => {
      const finish = (answer: Answer): void => {
        clearTimeout(timer);
        child.off("message", onMessage);
        child.off("exit", onExit);
        resolve(answer);
      };
      const fail = (failure: string): void => {
        this.end();
        finish({
          tests: [],
          failure,
          fired: [],
          modules: [],
          wroteToNothing: false,
          rounds: 0,
          milliseconds,
        });
      };
      const onMessage = (message: unknown): void => {
        finish(readJson(String(message), "a worker's answer", answerShape));
      };
      const onExit = (): void => fail("the process ended");
      const timer = setTimeout(() => fail(`it did not end within ${milliseconds} ms`), milliseconds);
      child.on("message", onMessage);
      child.on("exit", onExit);
      child.send(JSON.stringify(order));
    });
  }

  end(): void {
    this.child?.kill("SIGKILL");
    this.child = undefined;
    this.orders = 0;
  }

  private process(): ChildProcess {
    const child = this.child ?? fork(this.script, [], { stdio: "ignore" });
    this.child = child;
    return child;
  }
}
