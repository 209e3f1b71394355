/**
 * consoled: the one owner of the UART after boot. Text that the kernel and all tasks print comes here and goes out by
 * interrupt. Typed bytes become edited lines for the client that asks for one. If consoled ends, the kernel prints by
 * itself again.
 *
 * Bring-up is a list: map the registers, bind the interrupt, become the console's owner, report ready, serve. Without a
 * UART consoled tells its starter, and ends. Reached from nexus-init; goes on in requests.ts and terminal.ts.
 */
import { ExitCode } from "abi/exit";
import { Kind } from "abi/handle";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { bind, bindInterrupt, completeInterrupt, consoleOwn, create, mapDevice, result } from "runtime/call";
import { line, print } from "runtime/log";
import { refusalName } from "runtime/names";
import { setTaskName } from "runtime/panic";
import { serve } from "runtime/service";
import { tellAbsent, tellReady } from "runtime/starter";
import { entryOf, slotOf } from "runtime/startup";
import { openUart, silence } from "serial/uart16550";
import { REGISTERS_ADDRESS } from "./limits";
import { onRequest, poll, progress } from "./requests";
import { awaitDevice, notePrinted, openTerminal } from "./terminal";

/** Bits of the notification that we are bound to. */
const INTERRUPT_BIT: u64 = 1;
const PRINTED_BIT: u64 = 2;

let interruptSlot: u32 = NO_SLOT;

export function main(): i32 {
  setTaskName("consoled");
  const device = entryOf(Role.UartDevice, 0);
  if (device === null) {
    // This is not a failure: the kernel goes on printing by itself.
    tellAbsent();
    return ExitCode.Done;
  }
  print(line().text("consoled: uart=").hex(device.base).text(" irq=").decimal(device.irq));
  interruptSlot = slotOf(Role.UartInterrupt);
  const status = takeOver(device.slot);
  if (status !== Refusal.None) {
    print(line().text("consoled: cannot take over the UART: ").text(refusalName(status)));
    return ExitCode.UartRefused;
  }
  tellReady();
  serve(slotOf(Role.Serve), onRequest, onSignal, poll);
  silence();
  return ExitCode.CannotServe;
}

/** Takes over the registers, the interrupt and the console. Returns the first Refusal. */
function takeOver(device: u32): i32 {
  let status = mapDevice(device, REGISTERS_ADDRESS);
  if (status !== Refusal.None) {
    return status;
  }
  status = create(Kind.Notification);
  if (status !== Refusal.None) {
    return status;
  }
  const notification = <u32>result(0);
  status = bind(notification);
  if (status !== Refusal.None) {
    return status;
  }
  status = bindInterrupt(interruptSlot, notification, INTERRUPT_BIT);
  if (status !== Refusal.None) {
    return status;
  }
  const owner = slotOf(Role.ConsoleOwner);
  status = consoleOwn(owner, notification, PRINTED_BIT);
  if (status !== Refusal.None) {
    return status;
  }
  openUart(REGISTERS_ADDRESS);
  openTerminal(owner);
  progress();
  awaitDevice();
  return Refusal.None;
}

/** Handles the device's interrupt, the kernel's signal that there is text to print, or both. */
export function onSignal(bits: u64): void {
  const isInterrupt = (bits & INTERRUPT_BIT) !== 0;
  if (isInterrupt) {
    silence();
  }
  if ((bits & PRINTED_BIT) !== 0) {
    notePrinted();
  }
  progress();
  if (isInterrupt) {
    completeInterrupt(interruptSlot, 0);
  }
  awaitDevice();
}
