// The whole kernel on four simulated harts, with tasks that call, serve, signal, sleep, yield and end each other in
// random order. In each of these runs every task has to be in one place, every answer has to answer its own question,
// and no signal may be lost. Once no new questions are asked, no task waits any more.

import fc from "fast-check";
import { expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import { forever, Kernel, Kind, notified, Refusal, Right, sys, TICK_TIME, Wait } from "./harness/kernel.ts";

const HARTS = 4;
const CLIENTS = 5;
const SERVERS = 2;

/** One draw of the run: which hart goes on, and what its task does if it may choose. */
interface Step {
  hart: number;
  choice: number;
  pick: number;
  time: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  hart: fc.integer({ min: 0, max: HARTS - 1 }),
  choice: fc.integer({ min: 0, max: 99 }),
  pick: fc.nat(1000),
  time: fc.integer({ min: 0, max: 30_000 }),
});

interface Server {
  role: "server";
  serve: number;
  /** Calls that it has received and not answered: token and question. */
  open: { token: bigint; question: bigint }[];
}

interface Client {
  role: "client";
  send: number;
  bell: number;
  /** The question it waits on, if it does. */
  asked: bigint | undefined;
  deadline: bigint;
}

/** A run: the kernel, and what the test knows about its tasks. */
class Run {
  private readonly k: Kernel;
  private readonly tasks = new Map<number, Server | Client>();
  private readonly endpoint: number;
  private readonly notification: number;
  /** Tasks that are in a system call whose results are to be looked at. */
  private readonly inCall = new Set<number>();
  private nextQuestion = 1n;
  private signalled = 0n;
  private heard = 0n;
  /** No new questions: those that are open come to their end. */
  isEnding = false;

  constructor(k: Kernel) {
    this.k = k;
    this.endpoint = k.guest.call("newEndpoint");
    this.notification = k.guest.call("newNotification");
    for (let i = 0; i < SERVERS; i++) {
      this.addServer(i === 0);
    }
    for (let i = 0; i < CLIENTS; i++) {
      this.addClient();
    }
  }

  private spawn(): number {
    for (let hart = 0; hart < HARTS; hart++) {
      if (this.k.running(hart) < 0) {
        return this.k.spawn(hart);
      }
    }
    return this.k.spawn(0);
  }

  private addServer(isBound: boolean): void {
    const task = this.spawn();
    const serve = this.k.give(task, Kind.Endpoint, this.endpoint);
    this.tasks.set(task, { role: "server", serve, open: [] });
    if (isBound) {
      const bell = this.k.give(task, Kind.Notification, this.notification);
      const hart = this.bring(task);
      expect(this.k.ask(hart, sys.Bind, bell).status).toBe(0);
    }
  }

  private addClient(): void {
    const task = this.spawn();
    const send = this.k.give(task, Kind.Endpoint, this.endpoint, Right.Send, task + 1);
    const bell = this.k.give(task, Kind.Notification, this.notification, Right.Send);
    this.tasks.set(task, { role: "client", send, bell, asked: undefined, deadline: forever });
  }

  /** Lets ticks pass until `task` runs; the hart it runs on. */
  private bring(task: number): number {
    for (let ticks = 0; ticks < 100 && this.k.hartOf(task) < 0; ticks++) {
      this.k.pass(TICK_TIME);
    }
    expect(this.k.hartOf(task)).toBeGreaterThanOrEqual(0);
    return this.k.hartOf(task);
  }

  /** One step: time goes on, a hart takes its interrupts, its task does something. */
  take({ hart, choice, pick, time }: Step): void {
    this.k.time += BigInt(time);
    if (this.k.hasInterrupt(hart) && choice % 3 !== 0) {
      this.k.interrupts(hart);
    }
    const task = this.k.running(hart);
    if (task >= 0) {
      this.goOn(hart, task, choice, pick);
    }
    this.k.check(this.tasks.keys());
    this.checkEndpoint();
  }

  private checkEndpoint(): void {
    const callers = this.k.guest.call("callersOf", this.endpoint);
    const receivers = this.k.guest.call("receiversOf", this.endpoint);
    expect(callers === 0 || receivers === 0, `${callers} callers beside ${receivers} receivers`).toBe(true);
  }

  private goOn(hart: number, task: number, choice: number, pick: number): void {
    const known = this.tasks.get(task);
    if (!known) {
      throw new Error(`hart ${hart} runs task ${task}, which does not exist`);
    }
    if (this.inCall.delete(task)) {
      this.look(task, known);
    }
    if (choice < 8) {
      this.k.syscall(hart, sys.Yield);
    } else if (choice < 14) {
      this.k.syscall(hart, sys.YieldTo, pick % HARTS);
    } else if (known.role === "server") {
      this.serve(hart, task, known, choice, pick);
    } else {
      this.ask(hart, task, known, choice, pick);
    }
  }

  private serve(hart: number, task: number, server: Server, choice: number, pick: number): void {
    this.inCall.add(task);
    const next = server.open[pick % Math.max(1, server.open.length)];
    if (next === undefined || (choice < 40 && server.open.length < 3)) {
      // Who owes an answer does not wait for ever.
      const isPatient = server.open.length === 0 && choice % 2 === 0;
      const deadline = isPatient ? forever : this.k.time + BigInt(pick * 300);
      this.k.syscall(hart, sys.Receive, server.serve, deadline);
      return;
    }
    server.open = server.open.filter((entry) => entry !== next);
    if (choice < 70 || server.open.length > 0) {
      this.inCall.delete(task);
      this.k.syscall(hart, sys.Reply, next.token, 0, next.question * 2n, 0, 0, 0);
      const { status } = this.k.results(task);
      expect([0, Refusal.NotWaiting]).toContain(status);
      // A token is good once.
      const again = this.k.hartOf(task);
      if (again >= 0) {
        expect(this.k.ask(again, sys.Reply, next.token, 0).status).toBe(Refusal.NotWaiting);
      }
    } else if (choice < 85) {
      this.k.syscall(hart, sys.ReplyReceive, server.serve, 0, next.question * 2n, 0, 0, 0, next.token);
    } else {
      const deadline = this.k.time + BigInt(pick * 300);
      const words = [next.question * 2n, 0, deadline, 0];
      this.k.syscall(hart, sys.ReplyReceiveUntil, server.serve, 0, ...words, next.token);
    }
  }

  private ask(hart: number, task: number, client: Client, choice: number, pick: number): void {
    if (this.isEnding) {
      this.k.syscall(hart, sys.Sleep, forever);
    } else if (choice < 30) {
      const bit = 1n << BigInt(pick % 60);
      this.signalled |= bit;
      expect(this.k.ask(hart, sys.Signal, client.bell, bit).status).toBe(0);
    } else if (choice < 40) {
      this.k.syscall(hart, sys.Sleep, this.k.time + BigInt(pick * 100));
    } else {
      client.asked = this.nextQuestion++;
      client.deadline = choice < 70 ? forever : this.k.time + BigInt(pick * 500);
      this.inCall.add(task);
      this.k.syscall(hart, sys.Call, client.send, 0, client.asked, 0, 0, 0, client.deadline);
    }
  }

  /** A task goes on after a system call: what did it get? */
  private look(task: number, known: Server | Client): void {
    const { status, words } = this.k.results(task);
    if (known.role === "server") {
      if (status === notified) {
        this.heard |= defined(words[1]);
      } else if (status === 0) {
        const question = defined(words[1]);
        // The badge says who asks, and that one waits for this very answer, unless it gave up.
        const asker = this.tasks.get(Number(defined(words[0]) >> 32n) - 1);
        expect(asker?.role).toBe("client");
        if (asker?.role === "client" && asker.asked !== undefined) {
          expect(asker.asked).toBeGreaterThanOrEqual(question);
        }
        known.open.push({ token: defined(words[5]), question });
      } else {
        expect(status).toBe(Refusal.TimedOut);
      }
      return;
    }
    const { asked, deadline } = known;
    known.asked = undefined;
    if (status === 0) {
      expect(words[1]).toBe(defined(asked) * 2n);
    } else {
      expect(status).toBe(Refusal.TimedOut);
      expect(this.k.time).toBeGreaterThanOrEqual(deadline);
    }
  }

  /** No more questions: every task comes to rest, and nothing is left over. */
  finish(): void {
    this.isEnding = true;
    for (let round = 0; round < 400; round++) {
      this.k.pass(TICK_TIME);
      for (let hart = 0; hart < HARTS; hart++) {
        const task = this.k.running(hart);
        if (task >= 0) {
          this.goOn(hart, task, round % 2 === 0 ? 60 : 90, 0);
        }
        this.k.check(this.tasks.keys());
      }
      this.checkEndpoint();
    }
    for (const [task, known] of this.tasks) {
      if (known.role === "client") {
        expect(this.k.waits(task), `client ${task}, ${known.asked}`).toBe(Wait.Sleeping);
      }
    }
    expect(this.k.guest.call64("bitsOf", this.notification)).toBe(0n);
    expect(this.heard).toBe(this.signalled);
  }
}

test("every caller gets the answer to its own call, no signal is lost, and no task waits for ever", async () => {
  let steps = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 100, maxLength: 600, size: "max" }), async (all) => {
      const run = new Run(await Kernel.boot(HARTS));
      for (const one of all) {
        run.take(one);
      }
      run.finish();
      steps += all.length;
    }),
    { numRuns: 15, endOnFailure: true },
  );
  expect(steps).toBeGreaterThan(0);
});
