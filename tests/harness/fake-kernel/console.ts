// The console: what the task under test prints, and what the kernel keeps once the task owns the console and drives the
// UART itself.

import { consoleWriteMax, messageBytesMax, messagePage, Refusal, Right, Syscall, userEnd } from "../abi.ts";
import type { Core, SystemCalls } from "./core.ts";
import type { FakeNotification } from "./objects.ts";

export class FakeConsole {
  /** What the task has written, call by call. */
  readonly written: string[] = [];
  readonly calls: SystemCalls;
  /** Printed bytes that the owner has not taken. */
  private readonly kept: number[] = [];
  private owner: { readonly notification: FakeNotification; readonly bits: bigint } | undefined;

  constructor(core: Core) {
    const { slots } = core;
    this.calls = {
      [Syscall.ConsoleWrite]: (slot, address, bytes) => {
        const found = slots.find(slot, "console", Right.Write);
        if (typeof found === "number") {
          return found;
        }
        if (bytes > consoleWriteMax) {
          return Refusal.BadArgument;
        }
        if (address + bytes > userEnd) {
          return Refusal.BadAddress;
        }
        const text = core.task.guest.get(Number(address), Number(bytes));
        this.written.push(new TextDecoder().decode(text));
        if (this.owner) {
          this.print(text);
        }
        return 0;
      },
      [Syscall.ConsoleOwn]: (slot, notificationSlot, bits) => {
        const found = slots.find(slot, "console", Right.Manage);
        if (typeof found === "number") {
          return found;
        }
        const notification = slots.findSignalled(notificationSlot, bits);
        if (typeof notification === "number") {
          return notification;
        }
        if (this.owner) {
          return Refusal.AlreadyBound;
        }
        this.owner = { notification, bits };
        return 0;
      },
      [Syscall.ConsoleRead]: (slot) => {
        const found = slots.find(slot, "console", Right.Manage);
        if (typeof found === "number") {
          return found;
        }
        if (!this.owner) {
          return Refusal.BadState;
        }
        const taken = this.kept.splice(0, messageBytesMax);
        core.task.guest.bytes().set(taken, messagePage);
        return core.task.setResults(taken.length);
      },
    };
  }

  /** The kernel, or any task, prints: that is kept for the owner, who hears of it. */
  print(bytes: Uint8Array): void {
    if (!this.owner) {
      throw new Error("no task owns the console");
    }
    this.kept.push(...bytes);
    this.owner.notification.bits |= this.owner.bits;
  }

  get keptBytes(): number {
    return this.kept.length;
  }
}
