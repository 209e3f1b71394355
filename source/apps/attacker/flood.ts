/**
 * A flood of interrupts between harts: children hop from hart to hart, and each hop wakes the other hart. Meanwhile
 * this task asks an echo, from every hart in turn, and no answer may be lost. The kernel's own counters say how many
 * interrupts there were.
 */

import { Kind, Right } from "abi/handle";
import { Topic } from "abi/info";
import { Role } from "abi/startup";
import { FOREVER, Syscall } from "abi/syscall";
import { create, deadlineIn, grant, information, now, result, signal, wait, yieldTo } from "runtime/call";
import { line, print } from "runtime/log";
import { sleepFor } from "runtime/sleep";
import { slotOf, startup } from "runtime/startup";
import { Puppet, puppet } from "./puppet/puppet";
import { tellNumber } from "./report";

const HARTS_MAX: u32 = 4;
/** One less than there are harts, so each hop finds an idle hart and needs an interrupt. Child 0 is the echo. */
const FLOODERS: u32 = 3;
/**
 * The length of a measurement. The limit has to hold in each, from the first on. It is below a second, so that a
 * measurement seldom takes longer than one.
 */
const WINDOW_MILLISECONDS: u64 = 900;
const WINDOWS_MIN: u32 = 3;
const WINDOWS_MAX: u32 = 60;
const ECHOES: u32 = 64;
/** An answer that has not come by then is lost: a limit delays it by a tick, 10 ms. */
const ECHO_MILLISECONDS: u64 = 20_000;
/** Where the echo's child finds its two notifications. */
const ASKED_SLOT: u32 = 10;
const HEARD_SLOT: u32 = 11;

const sentBefore: usize = memory.data(HARTS_MAX * 8, 8);
const limitedBefore: usize = memory.data(HARTS_MAX * 8, 8);
const flooders: usize = memory.data((FLOODERS + 1) * 4, 8);
let heldBack: u64 = 0;

export function attackWithIpis(): void {
  for (let i: u32 = 1; i <= FLOODERS; i++) {
    const flooder = puppet(i);
    if (flooder === null) {
      return;
    }
    for (let hart: u32 = 0; hart < HARTS_MAX; hart++) {
      flooder.does(Syscall.YieldTo, hart, 0, 0, 0, 0);
    }
    store<usize>(flooders + <usize>(i << 2), changetype<usize>(flooder.repeats()));
  }
  for (let i: u32 = 1; i <= FLOODERS; i++) {
    flooderAt(i).starts();
  }
  // Repeats until the limit has taken effect: on a busy host the children may send too few at first.
  let windows: u32 = 0;
  while (windows < WINDOWS_MIN || (heldBack === 0 && windows < WINDOWS_MAX)) {
    measure(windows);
    windows += 1;
  }
  tellNumber("windows", windows);
  tellNumber("IPIs held back", heldBack);
  askEcho();
  let ended: u32 = 0;
  for (let i: u32 = 1; i <= FLOODERS; i++) {
    if (flooderAt(i).ends()) {
      ended += 1;
    }
  }
  tellNumber("flooders ended", ended);
}

function flooderAt(index: u32): Puppet {
  return changetype<Puppet>(load<usize>(flooders + <usize>(index << 2)));
}

/** Signals a child that signals back, each time from another hart. */
function askEcho(): void {
  const echo = puppet(0);
  if (echo === null) {
    return;
  }
  create(Kind.Notification);
  const asked = <u32>result(0);
  create(Kind.Notification);
  const heard = <u32>result(0);
  grant(echo.task, asked, Right.Receive, 0, ASKED_SLOT);
  grant(echo.task, heard, Right.Send, 0, HEARD_SLOT);
  echo.does(Syscall.Wait, ASKED_SLOT, FOREVER, 0, 0, 0);
  echo.does(Syscall.Signal, HEARD_SLOT, 1, 0, 0, 0);
  echo.repeats().starts();
  let answers: u32 = 0;
  for (let i: u32 = 0; i < ECHOES; i++) {
    yieldTo(i % HARTS_MAX);
    signal(asked, 1);
    if (wait(heard, deadlineIn(ECHO_MILLISECONDS, startup().timebase)) < 0) {
      break;
    }
    answers += 1;
  }
  tellNumber("echoes asked", ECHOES);
  tellNumber("echoes heard", answers);
  tellNumber("echo ended", echo.ends() ? 1 : 0);
}

/** Measures the IPIs of every hart in one window, and its length. */
function measure(index: u32): void {
  const begin = now();
  readCounters(sentBefore, Topic.Hart, 2);
  readCounters(limitedBefore, Topic.HartLimits, 0);
  sleepFor(WINDOW_MILLISECONDS);
  for (let hart: u32 = 0; hart < HARTS_MAX; hart++) {
    information(slotOf(Role.Info), Topic.Hart, hart);
    tellIn(index, "IPIs sent by hart", hart, result(2) - load<u64>(sentBefore + <usize>(hart << 3)));
    information(slotOf(Role.Info), Topic.HartLimits, hart);
    heldBack += result(0) - load<u64>(limitedBefore + <usize>(hart << 3));
  }
  // The time is taken last, so the window is never shorter than the time in which the IPIs were counted.
  const milliseconds = ((now() - begin) * 1000) / startup().timebase + 1;
  print(line().text("attack: window ").decimal(index).text(" milliseconds = ").decimal(milliseconds));
}

function tellIn(window: u32, what: string, hart: u32, value: u64): void {
  const words = line().text("attack: window ").decimal(window).text(" ").text(what).text(" ").decimal(hart);
  print(words.text(" = ").decimal(value));
}

function readCounters(table: usize, topic: Topic, word: u32): void {
  for (let hart: u32 = 0; hart < HARTS_MAX; hart++) {
    information(slotOf(Role.Info), topic, hart);
    store<u64>(table + <usize>(hart << 3), result(word));
  }
}
