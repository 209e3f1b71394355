// Messages and notifications, as source/kernel/neuron/src/syscall/ipc.ts judges them. The other side of every endpoint is
// the test: it answers the calls of the task (`FakeEndpoint.answer`) and makes calls to it (`FakeEndpoint.send`).

import { forever, messageBytesMax, notified, Refusal, Right, Syscall } from "../abi.ts";
import { defined } from "../defined.ts";
import type { Core, SystemCalls } from "./core.ts";
import { type FakeEndpoint, type FakeNotification, FakeVmo, type Slot, Stopped } from "./objects.ts";

/** The task under test has nothing to do: in which system call, and until when it waits. */
export interface Waiting {
  readonly call: number;
  readonly deadline: bigint;
}

/** What a sender says in its info word (source/abi/message.ts). */
interface Sent {
  readonly bytes: Uint8Array;
  readonly slot: Slot | undefined;
}

export class FakeMessages {
  /**
   * What happens elsewhere while the task waits: the test may send, signal, or stop the guest with `Stopped`. If nothing
   * comes of it, time goes on to the deadline; the guest stops where there is none.
   */
  onIdle: (waiting: Waiting) => void = () => {};
  readonly calls: SystemCalls;
  private readonly core: Core;
  private bound: FakeNotification | undefined;
  private nextToken = 1n;
  private readonly replies = new Map<bigint, FakeEndpoint["calls"][number]["onReply"]>();

  constructor(core: Core) {
    this.core = core;
    this.calls = {
      [Syscall.Call]: (endpoint, info, w0) => this.call(endpoint, info, w0),
      [Syscall.Receive]: (slot, deadline) => {
        const endpoint = core.slots.find(slot, "endpoint", Right.Receive);
        return typeof endpoint === "number" ? endpoint : this.receive(endpoint, Syscall.Receive, deadline);
      },
      [Syscall.Reply]: (token, info) => this.reply(token, info),
      [Syscall.ReplyReceive]: (slot, info, _w0, _w1, _w2, _w3, token) =>
        this.replyReceive(Syscall.ReplyReceive, slot, info, forever, token),
      [Syscall.ReplyReceiveUntil]: (slot, info, _w0, _w1, deadline, _w3, token) =>
        this.replyReceive(Syscall.ReplyReceiveUntil, slot, info, deadline, token),
      [Syscall.Signal]: (slot, bits) => {
        const notification = core.slots.findSignalled(slot, bits);
        if (typeof notification === "number") {
          return notification;
        }
        notification.bits |= bits;
        notification.signals.push(bits);
        return 0;
      },
      [Syscall.Wait]: (slot, deadline) => {
        const notification = core.slots.find(slot, "notification", Right.Receive);
        if (typeof notification === "number") {
          return notification;
        }
        const hasBits = (): boolean => notification.bits !== 0n;
        if (!this.await(hasBits, { call: Syscall.Wait, deadline })) {
          return Refusal.TimedOut;
        }
        return core.task.setResults(takeBits(notification));
      },
      [Syscall.Bind]: (slot) => {
        const notification = core.slots.find(slot, "notification", Right.Receive);
        if (typeof notification === "number") {
          return notification;
        }
        if (this.bound) {
          return Refusal.AlreadyBound;
        }
        this.bound = notification;
        return 0;
      },
    };
  }

  /** Whether the bound notification has bits for the task to receive. */
  get isSignalled(): boolean {
    return this.bound !== undefined && this.bound.bits !== 0n;
  }

  /** The tasks that wait for an answer end. */
  endCallers(): void {
    this.replies.clear();
  }

  /** Whether something comes before the deadline. */
  private await(isThere: () => boolean, waiting: Waiting): boolean {
    if (isThere()) {
      return true;
    }
    this.onIdle(waiting);
    if (isThere()) {
      return true;
    }
    if (waiting.deadline === forever) {
      throw new Stopped("hang");
    }
    if (waiting.deadline > this.core.time) {
      this.core.time = waiting.deadline;
    }
    return false;
  }

  private replyReceive(call: number, slot: bigint, info: bigint, deadline: bigint, token: bigint): number {
    const endpoint = this.core.slots.find(slot, "endpoint", Right.Receive);
    if (typeof endpoint === "number") {
      return endpoint;
    }
    // A caller that gave up meanwhile is no reason to stop serving.
    const status = this.reply(token, info);
    return status === 0 || status === Refusal.NotWaiting ? this.receive(endpoint, call, deadline) : status;
  }

  /** What was signalled comes before what was called, as in the kernel. */
  private receive(endpoint: FakeEndpoint, call: number, deadline: bigint): number {
    const { core, bound } = this;
    if (!this.await(() => this.isSignalled || endpoint.calls.length > 0, { call, deadline })) {
      return Refusal.TimedOut;
    }
    if (bound && this.isSignalled) {
      core.task.setResults(0, takeBits(bound));
      return notified;
    }
    const next = endpoint.calls.shift();
    if (!next) {
      throw new Error("a call that was there is gone");
    }
    const { badge, bytes, w0, slot } = next.message;
    const token = this.nextToken++;
    this.replies.set(token, next.onReply);
    core.task.setMessage(bytes);
    return core.task.setResults(receivedInfo(bytes.length, badge, this.arrive(slot)), w0, 0, 0, 0, token);
  }

  /** A capability arrives in the lowest free slot. */
  private arrive(slot: Slot | undefined): number | undefined {
    if (!slot) {
      return undefined;
    }
    const { free } = this.core.slots;
    if (free === undefined) {
      throw new Error("no slot is free for the capability that comes along");
    }
    this.core.slots.set(free, slot);
    return free;
  }

  private call(endpointSlot: bigint, info: bigint, w0: bigint): number {
    const { slots, task } = this.core;
    const endpoint = slots.find(endpointSlot, "endpoint", Right.Send);
    if (typeof endpoint === "number") {
      return endpoint;
    }
    const sent = this.sent(info);
    if (typeof sent === "number") {
      return sent;
    }
    const badge = defined(slots.get(Number(endpointSlot))).badge;
    const answer = endpoint.answer({ badge, w0, ...sent });
    if (typeof answer === "number") {
      task.spoilMessage();
      return answer;
    }
    const { bytes, slot } = answer instanceof Uint8Array ? { bytes: answer, slot: undefined } : answer;
    task.setMessage(bytes);
    return task.setResults(receivedInfo(bytes.length, 0, this.arrive(slot)));
  }

  private reply(token: bigint, info: bigint): number {
    const sent = this.sent(info);
    if (typeof sent === "number") {
      return sent;
    }
    const onReply = this.replies.get(token);
    if (!onReply) {
      return Refusal.NotWaiting;
    }
    this.replies.delete(token);
    // What the task wrote there is gone with the answer.
    this.core.task.spoilMessage();
    if (sent.slot?.object instanceof FakeVmo) {
      sent.slot.object.heldByOthers += 1;
    }
    onReply(sent.bytes, sent.slot);
    return 0;
  }

  /** What goes along with a message, or why it does not. */
  private sent(info: bigint): Sent | number {
    const byteCount = Number(info & 0x1fffn);
    if (byteCount > messageBytesMax) {
      return Refusal.BadArgument;
    }
    const bytes = this.core.task.message(byteCount);
    const slotPlusOne = Number((info >> 16n) & 0xffn);
    if (slotPlusOne === 0) {
      return { bytes, slot: undefined };
    }
    const slot = this.core.slots.get(slotPlusOne - 1);
    if (!slot) {
      return Refusal.BadSlot;
    }
    if ((slot.rights & Right.Transfer) === 0) {
      return Refusal.MissingRight;
    }
    const rights = Number((info >> 24n) & 0xffn);
    return { bytes, slot: { ...slot, rights: slot.rights & rights } };
  }
}

function takeBits(notification: FakeNotification): bigint {
  const { bits } = notification;
  notification.bits = 0n;
  return bits;
}

/** The info word of a message as its receiver gets it; `slot` is where the capability that came along is. */
export function receivedInfo(byteCount: number, badge: number, slot?: number): bigint {
  const slotPlusOne = slot === undefined ? 0n : BigInt(slot + 1);
  return BigInt(byteCount) | (slotPlusOne << 16n) | (BigInt(badge) << 32n);
}
