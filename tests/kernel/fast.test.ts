// The short ways of system calls (syscall/fast.ts) against the ordinary ones: two kernels get the same steps, one of them
// without short ways, and after each step every byte of theirs is the same.

import fc from "fast-check";
import { expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import { forever, Kernel, Kind, Right, sys } from "./harness/kernel.ts";

const HARTS = 2;
const TASKS = 5;
/** Below it lies all that the kernel keeps, but for page frames. */
const STATICS_END = 0x0010_0000;
const HARTS_START = 0x0800_0000;
const HARTS_BYTES = HARTS * 1024;
/** The ticket lock of an endpoint: a short way that gives up has taken it once more. */
const LOCK_BYTES = 8;
/** What a message of a test carries at most in its page. */
const PAGE_BYTES = 64;

const calls = [
  "call",
  "replyReceive",
  "replyReceiveUntil",
  "receive",
  "reply",
  "now",
  "yield",
  "signal",
] as const;
const SERVERS = 2;

interface Step {
  hart: number;
  /** The usual one is ReplyReceive for a server and Call for others. */
  call: "usual" | (typeof calls)[number];
  /** Draws slots that are right, wrong, or beyond the table. */
  slot: number;
  bytes: number;
  withSlot: boolean;
  isForever: boolean;
  token: number;
  words: bigint;
}

const step: fc.Arbitrary<Step> = fc.record({
  hart: fc.nat(HARTS - 1),
  call: fc.constantFrom("usual", "usual", "usual", "usual", ...calls),
  slot: fc.nat(19),
  bytes: fc.constantFrom(0, 0, 0, 1, 8, PAGE_BYTES, 4096, 4097),
  withSlot: fc.nat(9).map((n) => n === 0),
  isForever: fc.nat(3).map((n) => n > 0),
  token: fc.nat(9),
  words: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
});

/** A kernel whose tasks may all send and receive at one endpoint; the last one has a notification bound. */
class Side {
  readonly k: Kernel;
  private readonly endpoint: number;
  private readonly tasks: number[] = [];
  private send = 0;
  private serve = 0;
  private bell = 0;
  /** The token of each task's last message. */
  private readonly tokens = new Map<number, bigint>();

  private constructor(k: Kernel) {
    this.k = k;
    this.endpoint = k.guest.call("newEndpoint");
    const notification = k.guest.call("newNotification");
    for (let i = 0; i < TASKS; i++) {
      const task = k.spawn(0);
      this.tasks.push(task);
      this.send = k.give(task, Kind.Endpoint, this.endpoint, Right.Send | Right.Transfer, 100 + task);
      this.serve = k.give(task, Kind.Endpoint, this.endpoint, Right.Receive);
      this.bell = k.give(task, Kind.Notification, notification, Right.All);
    }
    for (let hart = 0; hart < HARTS; hart++) {
      k.interrupts(hart);
    }
  }

  static async boot(isOrdinary: boolean): Promise<Side> {
    const k = await Kernel.boot(HARTS);
    if (isOrdinary) {
      k.guest.call("takeOrdinaryWays");
    }
    return new Side(k);
  }

  take(step: Step): void {
    const { k } = this;
    const { hart } = step;
    k.interrupts(hart);
    const task = k.running(hart);
    if (task < 0) {
      k.time += 50_000n;
      return;
    }
    // What the task was last told: the reply token of a message that came by Receive or ReplyReceive.
    const told = defined(k.results(task).words[5]);
    const token = step.token === 0 ? step.words : step.token === 1 ? (this.tokens.get(task) ?? 0n) : told;
    this.tokens.set(task, told);
    const wrong = step.slot === 0 ? 64 : step.slot === 1 ? 63 : step.slot === 2 ? this.bell : undefined;
    const info = BigInt(step.bytes) | (step.withSlot ? BigInt(((this.bell + 1) << 16) | (0xff << 24)) : 0n);
    const words = [step.words, step.words >> 8n, step.words >> 16n, step.words >> 24n];
    const deadline = step.isForever && step.call === "usual" ? forever : k.time + 30_000n;
    const usual = this.tasks.indexOf(task) < SERVERS ? "replyReceive" : "call";
    const call = step.call === "usual" ? usual : step.call;
    if (call === "call") {
      k.syscall(hart, sys.Call, wrong ?? this.send, info, ...words, deadline);
    } else if (call === "replyReceive") {
      k.syscall(hart, sys.ReplyReceive, wrong ?? this.serve, info, ...words, token);
    } else if (call === "replyReceiveUntil") {
      const [w0 = 0n, w1 = 0n] = words;
      k.syscall(hart, sys.ReplyReceiveUntil, wrong ?? this.serve, info, w0, w1, deadline, 0, token);
    } else if (call === "receive") {
      k.syscall(hart, sys.Receive, wrong ?? this.serve, deadline);
    } else if (call === "reply") {
      k.syscall(hart, sys.Reply, token, info, ...words);
    } else if (call === "signal") {
      k.syscall(hart, sys.Signal, this.bell, 1);
    } else {
      k.syscall(hart, call === "now" ? sys.Now : sys.Yield);
    }
  }

  /** Whether another kernel has the same bytes: all that it keeps, its harts, and what stands in the message pages. */
  isAs(other: Side): boolean {
    const theirs = other.pieces();
    return this.pieces().every((piece, i) => piece.equals(defined(theirs[i])));
  }

  /** Views of the memory and no copies: a megabyte is compared after each of thousands of steps. */
  private pieces(): Buffer[] {
    const { guest } = this.k;
    const view = (from: number, bytes: number): Buffer => Buffer.from(guest.memory.buffer, from, bytes);
    const behindLock = this.endpoint + LOCK_BYTES;
    const pages = this.tasks.map((task) => view(guest.call("messagePageOf", task) >>> 0, PAGE_BYTES));
    return [
      view(0, this.endpoint),
      view(behindLock, STATICS_END - behindLock),
      view(HARTS_START, HARTS_BYTES),
      ...pages,
    ];
  }

  /** Something to send in each task's page. */
  fill(): void {
    for (const task of this.tasks) {
      const at = this.k.guest.call("messagePageOf", task) >>> 0;
      this.k.guest.bytes().fill(task + 1, at, at + PAGE_BYTES);
    }
  }

  handOvers(): number {
    return this.k.guest.call("handOvers");
  }
}

test("after any system calls, a kernel with the short ways has the same bytes as one without them", async () => {
  let handOvers = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 150, maxLength: 150 }), async (steps) => {
      const sides = [await Side.boot(false), await Side.boot(true)].map((side) => {
        side.fill();
        return side;
      });
      const fast = defined(sides[0]);
      const ordinary = defined(sides[1]);
      expect(fast.isAs(ordinary)).toBe(true);
      for (const [index, step] of steps.entries()) {
        fast.take(step);
        ordinary.take(step);
        expect(fast.isAs(ordinary), `after step ${index}, ${step.call}`).toBe(true);
      }
      handOvers += fast.handOvers();
    }),
    // A failure names its seed; making it smaller would boot kernels for minutes.
    { numRuns: 40, endOnFailure: true },
  );
  // The test has gone where it is to look.
  expect(handOvers).toBeGreaterThan(200);
}, 300_000);
