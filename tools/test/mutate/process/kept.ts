// What a worker keeps from one mutant to the next: which check is removed, and the compiled modules. Test files are loaded
// again for each run, and import this file from beside them, where it is loaded once.

/** A check that is removed may leave a loop without its end: this often it is asked, then the run ends. */
const ASKED_MAX = 200_000;
const ENDLESS = "the run does not end without this check";

export const NO_CHECK = 0;

let removed = NO_CHECK;
let askedLeft = 0;
let rounds = 0;
let roundsMax = Number.POSITIVE_INFINITY;
let fired: Set<number> | undefined;

/** On the machine nothing is mapped at address 0. Here is memory, so it is filled with this, and nobody may change it. */
const NOTHING_BYTE = 0xa5;
/** The guest's static data begins behind these. */
export const NOTHING_BYTES = 1024;

let memories: WebAssembly.Memory[] = [];
let used = new Set<string>();

/** What a test file registered when it was loaded. */
export interface Session {
  /** The names of the file's tests, without those that are skipped. */
  names(): string[];
  /** Runs one test, with the hooks around it. @throws what the test throws */
  run(name: string): Promise<void>;
}

let offered: Session | undefined;

/** Called by a test file's bundle while it is loaded. */
export function offer(session: Session): void {
  offered = session;
}

/** Loads a bundle, and gives what it offers. */
export async function load(url: string): Promise<Session> {
  offered = undefined;
  await import(url);
  if (offered === undefined) {
    throw new Error(`${url} is no bundle of a test file`);
  }
  return offered;
}

const modules = new Map<string, Promise<WebAssembly.Module>>();

/** A compiled module by its name in the cache: from an earlier run, or made. */
export function moduleOf(key: string, make: () => Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
  used.add(key);
  const known = modules.get(key) ?? make();
  modules.set(key, known);
  return known;
}

/** The names of the modules that this run has used. */
export function usedModules(): string[] {
  return [...used];
}

/** An instance of the guest's code begins. */
export function beginMemory(memory: WebAssembly.Memory): void {
  nothingOf(memory).fill(NOTHING_BYTE);
  memories.push(memory);
}

/** Whether guest code has written through a null reference in this run. */
export function wroteToNothing(): boolean {
  return memories.some((memory) => nothingOf(memory).some((byte) => byte !== NOTHING_BYTE));
}

function nothingOf(memory: WebAssembly.Memory): Uint8Array {
  return new Uint8Array(memory.buffer, 0, NOTHING_BYTES);
}

/** Begins a run in which one check does not hold, and whose loops have no more rounds of turns than these. */
export function beginWithout(check: number, most: number): void {
  removed = check;
  rounds = 0;
  roundsMax = most;
  askedLeft = ASKED_MAX;
  fired = undefined;
  memories = [];
  used = new Set();
}

/** Begins a run in which every check holds, and notes those that refuse. */
export function beginNoting(): Set<number> {
  beginWithout(NO_CHECK, Number.POSITIVE_INFINITY);
  fired = new Set();
  return fired;
}

/** The gate of a check: whether it holds. It is about to refuse. */
export function holds(gate: number): number {
  const check = gate >>> 0;
  if (check !== removed) {
    fired?.add(check);
    return 1;
  }
  askedLeft--;
  if (askedLeft < 0) {
    throw new Error(ENDLESS);
  }
  return 0;
}

/** The loops of the guest have done one more round of turns (tree/turns.ts). */
export function turned(): void {
  rounds++;
  if (rounds > roundsMax) {
    throw new Error(ENDLESS);
  }
}

/** How many rounds of turns this run had. */
export function roundsDone(): number {
  return rounds;
}
