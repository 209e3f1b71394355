/**
 * The attacker's children: tasks whose code it copies from its own text (puppet.S), and whose memory it shares. They do
 * what would end the attacker itself, or needs several tasks.
 *
 *   0x0001_0000  code, R-X     0x0002_0000  script, RW-, shared with the attacker at a window of its own
 *
 * A criminal commits one crime and, if nothing stops it, ends with exit code CRIME_DONE. A puppet makes a list of
 * system calls and notes the results of each.
 */
import { Kind, Right } from "abi/handle";
import { PAGE_BYTES, USER_BEGIN, USER_MAPPINGS } from "abi/layout";
import { Refusal } from "abi/refusal";
import { Syscall } from "abi/syscall";
import { Class, End } from "abi/task";
import {
  create,
  createTask,
  createVmo,
  deadlineIn,
  drop,
  grant,
  killTask,
  map,
  mapInto,
  nameTask,
  result,
  startTask,
  taskStatus,
  unmap,
  wait,
} from "runtime/call";
import { print } from "runtime/log";
import { endName, refusalName } from "runtime/names";
import { startup } from "runtime/startup";
import { Line } from "text/line";
import { attempt } from "../report";
import { crimes, echoEnd, echoStart, puppetEnd, puppetStart } from "./symbols";

/** The entries of puppet.S, in its order. */
export const enum Crime {
  Load = 0,
  Store = 1,
  Jump = 2,
  WriteStimecmp = 3,
  ReadStimecmp = 4,
  ReadCycle = 5,
  WriteSie = 6,
  WriteSip = 7,
  RaiseOwnIpi = 8,
  WriteSatp = 9,
  WriteStvec = 10,
  ReadSscratch = 11,
  ReadMhartid = 12,
  Sret = 13,
  Wfi = 14,
  SfenceVma = 15,
  EcallHartStart = 16,
  EcallHartStop = 17,
  EcallSendIpi = 18,
  EcallSetTimer = 19,
  EcallReset = 20,
}

const CRIME_BYTES: u32 = 64;
const CRIME_DONE: u64 = 77;

/** Where a child finds its script. */
export const SCRIPT: u32 = 0x0002_0000;
/** Where the attacker fills pages: code first, then the scripts of up to PUPPETS_MAX children. */
const CODE_WINDOW: usize = USER_MAPPINGS;
const SCRIPT_WINDOW: usize = USER_MAPPINGS + 0x0010_0000;
export const PUPPETS_MAX: u32 = 12;
/** Room for some 2,000 system calls. The address behind it is HELD of reservations.ts. */
const SCRIPT_BYTES: u32 = 64 * PAGE_BYTES;

/** "attackers-child", as nameTask takes it. */
const NAME_LOW: u64 = 0x72656b6361747461; // "attacker"
const NAME_HIGH: u64 = 0x646c6968632d73; // "s-child"

/** How long a child may take for its crime. */
const CRIME_MILLISECONDS: u64 = 10_000;

/** One system call of a script, as puppet.S draws it. */
@unmanaged
@final
export class Step {
  number: i64;
  a0: u64;
  a1: u64;
  a2: u64;
  a3: u64;
  a4: u64;
  a5: u64;
  a6: u64;
  status: i64;
  r1: u64;
  r2: u64;
  r3: u64;
  r4: u64;
  r5: u64;
  r6: u64;
  /** How often it was done. */
  times: u64;

  get done(): u64 {
    // The child writes it while this task reads it.
    return atomic.load<u64>(changetype<usize>(this) + offsetof<Step>("times"));
  }
}
if (offsetof<Step>() !== 128) {
  ERROR("puppet.S draws a record of 128 bytes");
}

const STEP_END: i64 = -1;
const STEP_AGAIN: i64 = -2;
const STEP_READ: i64 = -3;
const STEP_GO: i64 = -4;
const STEP_AWAIT: i64 = -5;
const STEP_PASS: i64 = -6;

/** A child: its slot here, the notification of its end, and where the attacker sees its script. */
@unmanaged
@final
export class Puppet {
  task: u32;
  ended: u32;
  script: usize;
  steps: u32;

  /** One more system call. */
  does(number: Syscall, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64): Step {
    const step = this.step(this.steps);
    this.steps += 1;
    step.number = number;
    step.a0 = a0;
    step.a1 = a1;
    step.a2 = a2;
    step.a3 = a3;
    step.a4 = a4;
    return step;
  }

  /** Step `index` of the script. */
  step(index: u32): Step {
    assert((index + 1) * <u32>offsetof<Step>() <= SCRIPT_BYTES);
    return changetype<Step>(this.script + <usize>index * offsetof<Step>());
  }

  /** Reads `count` words from `address` on, `stride` bytes apart. The status is how many of them faulted (debugger.ts). */
  reads(address: u64, stride: u64, count: u64): Step {
    return this.special(STEP_READ, address, stride, count);
  }

  /** Goes to step `index` if the last step went well. */
  goesIfDone(index: u32): void {
    this.special(STEP_GO, this.addressOf(index), 0, 0);
  }

  /** Goes to step `index` if the last step was refused. */
  goesIfRefused(index: u32): void {
    this.special(STEP_GO, this.addressOf(index), 1, 0);
  }

  /** Waits until `a0` of this step is above how often it was done. */
  awaits(): Step {
    return this.special(STEP_AWAIT, 0, 0, 0);
  }

  /** What the last step gave as its last result, a reply's token, is the first argument of the next step. */
  passesOn(): void {
    this.special(STEP_PASS, 0, 0, 0);
  }

  private special(number: i64, a0: u64, a1: u64, a2: u64): Step {
    const step = this.does(Syscall.Yield, a0, a1, a2, 0, 0);
    step.number = number;
    return step;
  }

  /** Where the child itself sees a step. */
  private addressOf(index: u32): u64 {
    return <u64>SCRIPT + <u64>index * <u64>offsetof<Step>();
  }

  /** The script ends here: the child leaves with exit code 0. */
  leaves(): Puppet {
    this.step(this.steps).number = STEP_END;
    return this;
  }

  /** The script starts again here, for ever. */
  repeats(): Puppet {
    this.step(this.steps).number = STEP_AGAIN;
    return this;
  }

  /** Starts the child. */
  starts(): i32 {
    return startTask(this.task, USER_BEGIN, SCRIPT + SCRIPT_BYTES);
  }

  /** Waits until it has left. False if that takes too long. */
  awaitEnd(): bool {
    return wait(this.ended, deadlineIn(CRIME_MILLISECONDS, startup().timebase)) >= 0;
  }

  /** Ends the child, waits for its end, and drops its capabilities. */
  ends(): bool {
    killTask(this.task);
    const isOver = this.awaitEnd();
    this.forget();
    return isOver;
  }

  /** Drops the capabilities of a child that has ended. */
  forget(): void {
    drop(this.task);
    drop(this.ended);
    unmap(this.script);
  }
}

const puppets: usize = memory.data(PUPPETS_MAX * offsetof<Puppet>(), 8);

/** Child `index`, below PUPPETS_MAX, not started, with an empty script. If that fails, prints why and returns null. */
export function puppet(index: u32): Puppet | null {
  return puppetOf(index, Class.App);
}

/** The same, of another class. */
export function puppetOf(index: u32, taskClass: Class): Puppet | null {
  return child(index, taskClass, puppetStart(), <u32>(puppetEnd() - puppetStart()));
}

/** Where a server has its endpoint (puppet.S). */
const ECHO_ENDPOINT: u32 = 1;

/**
 * Child `index`, not started, that answers each call at `endpoint`, a slot of this task. If that fails, prints why and
 * returns null.
 */
export function server(index: u32, taskClass: Class, endpoint: u32): Puppet | null {
  const p = child(index, taskClass, echoStart(), <u32>(echoEnd() - echoStart()));
  if (p !== null) {
    grant(p.task, endpoint, Right.Receive, 0, ECHO_ENDPOINT);
  }
  return p;
}

/** Child `index`, not started, whose text begins with `codeBytes` of the attacker's own, from `code`. */
export function child(index: u32, taskClass: Class, code: usize, codeBytes: u32): Puppet | null {
  const p = changetype<Puppet>(puppets + <usize>index * offsetof<Puppet>());
  p.steps = 0;
  p.script = SCRIPT_WINDOW + <usize>(index * SCRIPT_BYTES);
  let status = create(Kind.Notification);
  if (status >= 0) {
    p.ended = <u32>result(0);
    status = createTask(taskClass, p.ended, 1);
  }
  if (status >= 0) {
    p.task = <u32>result(0);
    nameTask(p.task, NAME_LOW, NAME_HIGH);
    status = giveCode(p.task, code, codeBytes);
  }
  if (status >= 0) {
    status = shareScript(p);
  }
  if (status >= 0) {
    return p;
  }
  print(attempt("making a child").text(refusalName(status)));
  return null;
}

function giveCode(task: u32, code: usize, codeBytes: u32): i32 {
  let status = createVmo(PAGE_BYTES);
  if (status < 0) {
    return status;
  }
  const vmo = <u32>result(0);
  status = map(vmo, CODE_WINDOW, 0, PAGE_BYTES, Right.Read | Right.Write);
  if (status >= 0) {
    memory.copy(CODE_WINDOW, code, codeBytes);
    unmap(CODE_WINDOW);
    status = mapInto(task, vmo, USER_BEGIN, 0, PAGE_BYTES, Right.Read | Right.Execute);
  }
  drop(vmo);
  return status;
}

function shareScript(p: Puppet): i32 {
  let status = createVmo(SCRIPT_BYTES);
  if (status < 0) {
    return status;
  }
  const vmo = <u32>result(0);
  status = map(vmo, p.script, 0, SCRIPT_BYTES, Right.Read | Right.Write);
  if (status >= 0) {
    status = mapInto(p.task, vmo, SCRIPT, 0, SCRIPT_BYTES, Right.Read | Right.Write);
  }
  drop(vmo);
  return status;
}

/**
 * Makes a child commit one crime, with `word` as an address that it may need, and prints the outcome: how the child
 * ended; `done` for a crime that nothing stopped; for an ecall, its result.
 */
export function commit(what: string, crime: Crime, word: u64): void {
  const p = child(0, Class.App, crimes() + <usize>(<u32>crime * CRIME_BYTES), CRIME_BYTES);
  if (p === null) {
    return;
  }
  store<u64>(p.script, word);
  const status = p.starts();
  const isOver = status >= 0 && p.awaitEnd() && taskStatus(p.task) === Refusal.None;
  const words = attempt(what);
  if (isOver) {
    tellEnd(words, <End>result(1), result(2));
  } else {
    words.text("it never ended");
  }
  print(words);
  p.forget();
}

function tellEnd(words: Line, cause: End, detail: u64): void {
  if (cause === End.Exit && detail === CRIME_DONE) {
    words.text("done");
  } else if (cause === End.Exit) {
    words.text("answered ").text(refusalName(<i32>detail));
  } else if (cause === End.IllegalInstruction) {
    words.text("illegal instruction");
  } else if (cause === End.LoadFault) {
    words.text("load fault");
  } else if (cause === End.StoreFault) {
    words.text("store fault");
  } else if (cause === End.InstructionFault) {
    words.text("instruction fault");
  } else {
    words.text(endName(cause));
  }
}
