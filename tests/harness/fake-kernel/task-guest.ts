// The task under test as Wasm in this process: its whole address space as memory, the startup page, the message page, and
// where the results of a system call are found. What a system call does is the fake kernel's (kernel.ts).

import { messagePage, pageBytes, startupPage } from "../abi.ts";
import { type Guest, type GuestOptions, guest } from "../guest.ts";
import { type StartupEntry, writeStartupPage } from "./startup-page.ts";

const WASM_PAGE_BYTES = 65_536;
const RESULT_COUNT = 6;
/** What stands where nothing was sent, and where memory was unmapped. */
export const RUBBISH = 0xee;

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
    const u64 = (word: bigint): bigint => BigInt.asUintN(64, word);
    const call = (...[a0, a1, a2, a3, a4, a5, a6, number]: [...Words, bigint]): bigint => {
      const words = [u64(a0), u64(a1), u64(a2), u64(a3), u64(a4), u64(a5), u64(a6)] as const;
      return BigInt(systemCall(Number(number), words));
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

  /** Memory of the task, to read and to write. */
  memory(address: number, byteCount: number): Uint8Array {
    return this.guest.bytes().subarray(address, address + byteCount);
  }

  writeStartup(argument: string, entries: readonly StartupEntry[]): void {
    writeStartupPage(this.memory(startupPage, pageBytes), argument, entries);
  }

  /** What the system call gives beside its status, from a1 on. Status 0, for the caller to return. */
  setResults(...words: readonly (bigint | number)[]): 0 {
    const view = this.guest.view();
    for (const [index, word] of words.slice(0, RESULT_COUNT).entries()) {
      view.setBigUint64(this.results + index * 8, BigInt(word), true);
    }
    return 0;
  }

  /** The first bytes of the message page, as they are now. */
  message(byteCount: number): Uint8Array {
    return this.guest.get(messagePage, byteCount);
  }

  /** A message arrives. Behind it is rubbish: what was not sent must not be read. */
  setMessage(bytes: Uint8Array): void {
    this.spoilMessage();
    this.guest.bytes().set(bytes, messagePage);
  }

  /** What stood in the message page is gone. */
  spoilMessage(): void {
    this.memory(messagePage, pageBytes).fill(RUBBISH);
  }
}
