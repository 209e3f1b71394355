// A wake-up that gets lost: planted, and found.
//
// Planted: when a hart is about to ask the firmware for an interrupt to another one, the mask of harts in its register becomes
// empty. The firmware does what it is asked, which is nothing. That is a debugger's write to one register, and an event of the
// run like a typed byte.
//
// Found: every hart waits, a mailbox says that an interrupt was sent to its hart, and none is pending there.

import { Extension } from "../../build/gen/host/machine/core/firmware/firmware.ts";
import { Interrupt } from "../../build/gen/host/machine/core/hart/hart.ts";
import { readVirtual } from "../../machine/host/gdb/virtual.ts";
import { FROM } from "../picture/model.ts";
import { isAtRest } from "./recorder.ts";
import type { Session } from "./session.ts";

const SOFTWARE_BIT = 1n << BigInt(Interrupt.SupervisorSoftware);
const A0 = 10;
const A7 = 17;
const ECALL = 0x73;
const ECALL_BYTES = 4n;

/** Clocks in which an interrupt has to be sent, and clocks before it at which its instruction is looked for. */
const LOOKS_MAX = 64_000_000n;
const LOOK = 20_000n;
const STEPS_BACK_MAX = 8n;

/** A wake-up that is gone, with the kernel's numbers of the two harts. */
export interface Lost {
  from: number;
  to: number;
  sentAt: number;
}

/** Looks for one, at a moment at which every hart waits. */
export function findLost({ run, kernel, recorder, numbers }: Session): Lost | undefined {
  const { machine } = run;
  for (let to = 0; to < machine.settings.harts; to += 1) {
    const [from] = kernel.sendersTo(to);
    const isPending = (machine.core.hartPending(to) & SOFTWARE_BIT) !== 0n;
    if (from !== undefined && !isPending && isAtRest(machine, to)) {
      const sentAt = recorder.sentAt(from, to) ?? Number(run.clock);
      return { from: numbers.kernel(from), to: numbers.kernel(to), sentAt };
    }
  }
  return undefined;
}

/** Lets the next interrupt between harts get lost. False if none is sent soon. */
export function plantLost(session: Session): boolean {
  const { run, timeline } = session;
  const { core } = run.machine;
  session.typeNow();
  const limit = run.clock + LOOKS_MAX;
  const sendsBefore = session.model.sends.length;
  while (session.model.sends.length === sendsBefore && run.clock < limit && session.ended === undefined) {
    session.goOnTo(run.clock + LOOK);
    session.collect();
  }
  const row = sendsBefore;
  if (session.model.sends.length === sendsBefore) {
    return false;
  }
  const sentAt = BigInt(session.model.sends.clock(row));
  const sender = session.numbers.machine(session.model.sends.field(row, FROM));
  for (let back = 0n; back <= STEPS_BACK_MAX; back += 1n) {
    session.goTo(sentAt - back);
    const isCall =
      instructionAt(session, sender) === ECALL && core.readRegister(sender, A7) === BigInt(Extension.Ipi);
    if (!isCall) {
      continue;
    }
    session.branch();
    run.writeRegister(sender, A0, 0n);
    timeline.forgetFuture();
    return true;
  }
  return false;
}

function instructionAt({ run }: Session, hart: number): number {
  const pc = BigInt.asUintN(64, run.machine.core.hartPc(hart));
  const code = readVirtual(run.machine, hart, pc, Number(ECALL_BYTES));
  return code.length < Number(ECALL_BYTES)
    ? 0
    : new DataView(code.buffer, code.byteOffset).getUint32(0, true);
}
