/**
 * Tasks that fault on all harts, and a task that takes their faults: it counts each of them in the registers of the one that
 * stands, and lets it go on. Then those that would have faults that are not theirs; and debuggers that end while others
 * stand.
 */
import { registerOffset } from "abi/debug";
import { Kind, Right } from "abi/handle";
import { NO_SLOT, SELF, Syscall } from "abi/syscall";
import { Class, End } from "abi/task";
import {
  copySlot,
  create,
  deadlineIn,
  drop,
  grant,
  readRegisters,
  result,
  takeFaults,
  taskStatus,
  wait,
  writeRegisters,
} from "runtime/call";
import { messagePage } from "runtime/ipc";
import { startup } from "runtime/startup";
import { goOnBehindLoad } from "../puppet/debugger";
import { child, Puppet, puppetOf } from "../puppet/puppet";
import { faulterEnd, faulterStart } from "../puppet/symbols";
import { tellNumber, tellStatus } from "../report";

const FAULTERS: u32 = 4;
/** Faults of each: FAULTS in puppet.S. */
const FAULTS: u32 = 100;
const ROUNDS: u32 = 12;
/** Not mapped in any child. */
const NOWHERE: u64 = 0x3000_0000;
const PC: u32 = 0;
/** How long a fault may take to be told. */
const TOLD_MILLISECONDS: u64 = 10_000;
/** A debugger's slots: the task, and where its faults are told. */
const TASK: u32 = 0;
const BELL: u32 = 1;

const faulters: usize = memory.data(FAULTERS * 4, 4);

export function attackWithFaults(): void {
  if (create(Kind.Notification) < 0) {
    return;
  }
  const bell = <u32>result(0);
  countFaults(bell);
  takeWhatIsNotTheirs(bell);
  endWhileOthersStand();
  drop(bell);
}

function faulter(index: u32): Puppet | null {
  const p = child(index, Class.App, faulterStart(), <u32>(faulterEnd() - faulterStart()));
  if (p !== null) {
    store<u64>(p.script, NOWHERE);
  }
  return p;
}

function faulterAt(index: u32): Puppet {
  return changetype<Puppet>(load<u32>(faulters + (index << 2)));
}

/** Each fault of each is counted once, by its own registers. */
function countFaults(bell: u32): void {
  for (let i: u32 = 0; i < FAULTERS; i++) {
    const p = faulter(i);
    if (p === null || takeFaults(p.task, bell, 1 << i) < 0) {
      return;
    }
    store<u32>(faulters + (i << 2), <u32>changetype<usize>(p));
  }
  for (let i: u32 = 0; i < FAULTERS; i++) {
    faulterAt(i).starts();
  }
  let counted: u32 = 0;
  let wrong: u32 = 0;
  while (counted < FAULTERS * FAULTS) {
    if (wait(bell, deadlineIn(TOLD_MILLISECONDS, startup().timebase)) < 0) {
      break;
    }
    for (let bits = result(0); bits !== 0; bits &= bits - 1) {
      wrong += goOnBehindLoad(faulterAt(<u32>ctz(bits)).task) === NOWHERE ? 0 : 1;
      counted++;
    }
  }
  let told: u64 = 0;
  for (let i: u32 = 0; i < FAULTERS; i++) {
    const p = faulterAt(i);
    if (p.awaitEnd() && taskStatus(p.task) >= 0 && <End>result(1) === End.Exit) {
      told += result(2);
    }
    p.forget();
  }
  tellNumber("faults that were told", counted);
  tellNumber("faults that were told wrong", wrong);
  tellNumber("faults that the tasks counted themselves", told);
}

/** With a right that does not do, and with the right while another one has the faults. */
function takeWhatIsNotTheirs(bell: u32): void {
  const p = faulter(0);
  if (p === null || copySlot(p.task, Right.Manage | Right.Transfer, 0) < 0) {
    return;
  }
  const weak = <u32>result(0);
  tellStatus("taking faults without the right", takeFaults(weak, bell, 1));
  tellStatus("reading registers without the right", readRegisters(weak));
  tellStatus("taking its own faults", takeFaults(SELF, bell, 1));
  tellStatus("reading registers of a task that does not stand", readRegisters(p.task));
  const thief = puppetOf(1, Class.App);
  if (thief === null) {
    return;
  }
  grant(thief.task, p.task, Right.Debug, 0, TASK);
  grant(thief.task, bell, Right.Send, 0, BELL);
  takeFaults(p.task, bell, 1);
  p.starts();
  wait(bell, deadlineIn(TOLD_MILLISECONDS, startup().timebase));
  const takes = thief.does(Syscall.TakeFaults, TASK, BELL, 1, 0, 0);
  const gives = thief.does(Syscall.TakeFaults, TASK, NO_SLOT, 0, 0, 0);
  const reads = thief.does(Syscall.ReadRegisters, TASK, 0, 0, 0, 0);
  const writes = thief.does(Syscall.WriteRegisters, TASK, 0, 0, 0, 0);
  const resumes = thief.does(Syscall.ResumeTask, TASK, 0, 0, 0, 0);
  thief.leaves().starts();
  thief.awaitEnd();
  tellStatus("taking faults that another one has", <i32>takes.status);
  tellStatus("giving them back for another one", <i32>gives.status);
  tellStatus("reading registers for another one", <i32>reads.status);
  tellStatus("writing registers for another one", <i32>writes.status);
  tellStatus("resuming for another one", <i32>resumes.status);
  thief.forget();
  readRegisters(p.task);
  store<u64>(messagePage() + registerOffset(PC), u64.MAX_VALUE);
  tellStatus("going on outside of user space", writeRegisters(p.task));
  drop(weak);
  drop(p.task);
  // Nobody has its faults any more.
  tellNumber("tasks that stand after their debugger dropped them", p.awaitEnd() ? 0 : 1);
  p.forget();
}

/** In each round a debugger is killed at another moment: before the fault, at it, after it. The other task always ends. */
function endWhileOthersStand(): void {
  let ended: u32 = 0;
  for (let round: u32 = 0; round < ROUNDS; round++) {
    const owner = puppetOf(0, Class.App);
    const p = faulter(1);
    if (owner === null || p === null || create(Kind.Notification) < 0) {
      break;
    }
    const bell = <u32>result(0);
    grant(owner.task, p.task, Right.Debug, 0, TASK);
    grant(owner.task, bell, Right.Send | Right.Receive, 0, BELL);
    owner.does(Syscall.TakeFaults, TASK, BELL, 1, 0, 0);
    for (let i: u32 = 0; i < round; i++) {
      owner.does(Syscall.ResumeTask, TASK, 0, 0, 0, 0);
    }
    if (round % 3 === 2) {
      owner.does(Syscall.Wait, BELL, u64.MAX_VALUE, 0, 0, 0);
    }
    owner.leaves().starts();
    p.starts();
    if (round % 3 === 1) {
      wait(bell, deadlineIn(1, startup().timebase));
    }
    if (round % 3 === 2) {
      owner.ends();
    }
    if (p.awaitEnd() && taskStatus(p.task) >= 0 && <End>result(1) === End.LoadFault) {
      ended++;
    }
    if (round % 3 !== 2) {
      owner.awaitEnd();
      owner.forget();
    }
    p.forget();
    drop(bell);
  }
  tellNumber("tasks that ended with their debuggers", ended);
}
