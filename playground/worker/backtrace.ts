// The functions that a hart is in, as the stack tells. Programs of the guest keep no frame pointers, so the stack is looked
// through for addresses behind calls, as the kernel does in a panic. An old one may be among them.

import { readVirtual } from "../../machine/host/gdb/virtual.ts";
import type { EmbeddedMachine } from "../../machine/host/machine.ts";
import type { Frame, Place } from "../protocol/messages.ts";

/** Bytes of the stack that are looked through, and functions that are shown. */
const STACK_BYTES_MAX = 8192;
const FRAMES_MAX = 24;
const WORD_BYTES = 8;
const CALL_BYTES = 4;

const RA = 1;
const SP = 2;

/** Gives the places of an address in the program that runs. */
export type Locate = (address: bigint) => Promise<Place[]>;

/** The functions, innermost first. */
export async function backtrace(machine: EmbeddedMachine, hart: number, locate: Locate): Promise<Frame[]> {
  const { core } = machine;
  const pc = BigInt.asUintN(64, core.hartPc(hart));
  const frames: Frame[] = [];
  let inner = "";
  const take = async (address: bigint, isReturn: boolean): Promise<void> => {
    // A return address belongs to the call before it.
    const places = await locate(isReturn ? address - 1n : address);
    const outer = places.at(-1)?.function ?? "";
    if (places.length === 0 || (isReturn && outer === inner && frames.length > 1)) {
      return;
    }
    inner = outer;
    frames.push({ address: hex(address), places });
  };
  await take(pc, false);
  const sp = BigInt.asUintN(64, core.readRegister(hart, SP));
  const stack = readVirtual(machine, hart, sp & ~7n, STACK_BYTES_MAX);
  const candidates = [BigInt.asUintN(64, core.readRegister(hart, RA)), ...wordsOf(stack)];
  let last = 0n;
  for (const address of candidates) {
    if (frames.length >= FRAMES_MAX) {
      break;
    }
    if (address === last || !isBehindCall(machine, hart, address)) {
      continue;
    }
    last = address;
    await take(address, true);
  }
  return frames;
}

function* wordsOf(stack: Uint8Array): Generator<bigint> {
  const view = new DataView(stack.buffer, stack.byteOffset, stack.byteLength);
  for (let at = 0; at + WORD_BYTES <= view.byteLength; at += WORD_BYTES) {
    yield view.getBigUint64(at, true);
  }
}

/** The instruction before an address is a call: jal or jalr that writes ra (unprivileged ISA 2.5), or c.jalr. */
function isBehindCall(machine: EmbeddedMachine, hart: number, address: bigint): boolean {
  if (address < BigInt(CALL_BYTES) || (address & 1n) !== 0n) {
    return false;
  }
  const code = readVirtual(machine, hart, address - BigInt(CALL_BYTES), CALL_BYTES);
  if (code.length < CALL_BYTES) {
    return false;
  }
  const view = new DataView(code.buffer, code.byteOffset, CALL_BYTES);
  const long = view.getUint32(0, true);
  const short = view.getUint16(2, true);
  const isCompressed = (short & 0xf07f) === 0x9002 && short !== 0x9002;
  return (long & 0xfff) === 0x0ef || (long & 0x7fff) === 0x00e7 || isCompressed;
}

export function hex(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16).padStart(16, "0")}`;
}
