// A task as Wasm in this process, as every fake kernel holds it: its whole address space as memory, the startup page, the
// message page, and where the results of a system call are found. What a system call does is the fake kernel's.

import { type Guest, type GuestOptions, guest } from "../harness/guest.ts";
import { messagePage, pageBytes, startupMagic, startupPage, TIMEBASE } from "./abi.ts";

const WASM_PAGE_BYTES = 65_536;
const ARGUMENT_OFFSET = 16;
const ENTRIES_OFFSET = 144;
const ENTRY_BYTES = 32;
const RESULT_COUNT = 6;
/** What stands where nothing was sent. */
const RUBBISH = 0xee;

/** An entry of the startup page (source/abi/startup.ts). */
export interface StartupEntry {
  readonly role: number;
  readonly slot: number;
  readonly base?: bigint | number;
  readonly size?: bigint | number;
  readonly irq?: number;
  readonly instance?: number;
}

/** The arguments of a system call, a0 to a6, unsigned. */
export type Words = readonly [bigint, bigint, bigint, bigint, bigint, bigint, bigint];

export class TaskGuest {
  readonly guest: Guest;
  private readonly results: number;

  /** Compiles the task. `systemCall` returns the status. */
  static async start(
    entry: Parameters<typeof guest>[0],
    systemCall: (number: number, a: Words) => number,
    options: GuestOptions = {},
  ): Promise<TaskGuest> {
    let results = 0;
    const call = (...args: bigint[]): bigint => {
      const words = args.map((one) => BigInt.asUintN(64, one));
      const [a0 = 0n, a1 = 0n, a2 = 0n, a3 = 0n, a4 = 0n, a5 = 0n, a6 = 0n, number = 0n] = words;
      return BigInt(systemCall(Number(number), [a0, a1, a2, a3, a4, a5, a6]));
    };
    const imports = {
      ...options.imports,
      assembly: { systemCall: call },
      symbols: { syscallResults: () => results },
    };
    const started = await guest(entry, { ...options, imports });
    results = started.alloc(RESULT_COUNT * 8, 8);
    started.memory.grow((messagePage + WASM_PAGE_BYTES - started.memory.buffer.byteLength) / WASM_PAGE_BYTES);
    return new TaskGuest(started, results);
  }

  private constructor(started: Guest, results: number) {
    this.guest = started;
    this.results = results;
  }

  writeStartup(argument: string, entries: readonly StartupEntry[]): void {
    const view = this.guest.view();
    view.setUint32(startupPage, startupMagic, true);
    view.setUint32(startupPage + 4, entries.length, true);
    view.setBigUint64(startupPage + 8, TIMEBASE, true);
    this.guest.bytes().set(new TextEncoder().encode(argument), startupPage + ARGUMENT_OFFSET);
    for (const [index, { role, slot, base = 0n, size = 0n, irq = 0, instance = 0 }] of entries.entries()) {
      const at = startupPage + ENTRIES_OFFSET + index * ENTRY_BYTES;
      view.setUint32(at, role, true);
      view.setUint32(at + 4, slot, true);
      view.setBigUint64(at + 8, BigInt(base), true);
      view.setBigUint64(at + 16, BigInt(size), true);
      view.setUint32(at + 24, irq, true);
      view.setUint32(at + 28, instance, true);
    }
  }

  /** What the system call gives beside its status, from a1 on; the rest is zero. Status 0, for the caller to return. */
  setResults(...words: readonly (bigint | number)[]): 0 {
    const view = this.guest.view();
    for (let i = 0; i < RESULT_COUNT; i++) {
      view.setBigUint64(this.results + i * 8, BigInt(words[i] ?? 0n), true);
    }
    return 0;
  }

  /** The first word that the last system call gave. */
  get firstResult(): bigint {
    return this.guest.view().getBigUint64(this.results, true);
  }

  /** The bytes that a message with this info word sends. */
  messageOf(info: bigint): Uint8Array {
    return this.guest.get(messagePage, Number(info & 0x1fffn));
  }

  /** A message arrives. Behind it is rubbish: what was not sent must not be read. */
  setMessage(bytes: Uint8Array): void {
    this.spoilMessage();
    this.guest.bytes().set(bytes, messagePage);
  }

  /** What stood in the message page is gone. */
  spoilMessage(): void {
    this.guest.bytes().fill(RUBBISH, messagePage, messagePage + pageBytes);
  }
}

/** The info word of a message as its receiver gets it; `slot` is where the capability that came along is. */
export function receivedInfo(byteCount: number, badge: number, slot?: number): bigint {
  const slotPlusOne = slot === undefined ? 0n : BigInt(slot + 1);
  return BigInt(byteCount) | (slotPlusOne << 16n) | (BigInt(badge) << 32n);
}
