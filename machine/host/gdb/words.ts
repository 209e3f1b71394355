// The words of gdb's packets (GDB manual, appendix E). A word must match to the last letter. One that matches only in part is
// refused, so that nothing is done that gdb did not ask for.

/** Digits of a register, and of the largest address. */
export const REGISTER_DIGITS = 16;

/** The answer to a packet that is malformed, names something that does not exist, or asks for what was not offered. */
export const REFUSED = "E01";

/** A thread in a packet: a hart, any one of our choice, or all of them. We do not offer processes (`p1.2`). */
export type Thread = number | "any" | "all";

/** What a packet asks a thread to do: go on, or execute one instruction. */
export interface Resumption {
  action: "c" | "s";
  thread: Thread;
}

/** A number. Undefined for anything else, and for a number of more than 64 bits. */
export function numberOf(text: string | undefined): bigint | undefined {
  return text !== undefined && /^[0-9a-f]{1,16}$/i.test(text) ? BigInt(`0x${text}`) : undefined;
}

/** The same for a small number. */
export function smallNumberOf(text: string | undefined): number | undefined {
  const number = numberOf(text);
  return number !== undefined && number <= 0xffff_ffffn ? Number(number) : undefined;
}

/** Bytes as pairs of digits. */
export function bytesOf(text: string): Uint8Array | undefined {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) {
    return undefined;
  }
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** A register's value: 16 digits, lowest byte first. */
export function registerOf(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[0-9a-f]{16}$/i.test(text)) {
    return undefined;
  }
  return BigInt(`0x${(text.match(/../g) ?? []).reverse().join("")}`);
}

/** Threads count from 1. */
export function threadOf(text: string): Thread | undefined {
  if (text === "-1") {
    return "all";
  }
  const number = smallNumberOf(text);
  return number === 0 ? "any" : number === undefined ? undefined : number - 1;
}

/** What `vCont` asks for, in its order. Undefined if we do not offer some of it. */
export function resumptionsOf(packet: string): Resumption[] | undefined {
  const [, ...actions] = packet.split(";");
  const all: Resumption[] = [];
  for (const each of actions) {
    const [, plain, signalled, name] = /^(?:([cs])|([CS])[0-9a-fA-F]{2})(?::(.+))?$/.exec(each) ?? [];
    const thread = name === undefined ? "all" : threadOf(name);
    const action = (plain ?? signalled)?.toLowerCase();
    if (thread === undefined || (action !== "c" && action !== "s")) {
      return undefined;
    }
    all.push({ action, thread });
  }
  return all.length > 0 ? all : undefined;
}

export function threadText(hart: number): string {
  return (hart + 1).toString(16);
}

export function checksum(data: string): number {
  let sum = 0;
  for (let index = 0; index < data.length; index++) {
    sum = (sum + data.charCodeAt(index)) & 0xff;
  }
  return sum;
}

/** The packet with this text. */
export function packetOf(text: string): string {
  return `$${text}#${hex(checksum(text), 2)}`;
}

function hex(value: number, length: number): string {
  return value.toString(16).padStart(length, "0");
}

export function digits(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => hex(byte, 2)).join("");
}

export function textDigits(text: string): string {
  return digits(new TextEncoder().encode(text));
}

/** A register's value for gdb: 16 digits, lowest byte first. */
export function registerText(value: bigint): string {
  const pairs = value.toString(16).padStart(REGISTER_DIGITS, "0").match(/../g) ?? [];
  return pairs.reverse().join("");
}
