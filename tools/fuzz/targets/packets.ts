// What gdb sends: bytes in pieces of any size, up to the packets that they have and the words in them.
//
// The first byte of an input says how long the pieces are.

import { PACKET_BYTES_MAX, PacketStream } from "../../../machine/host/gdb/packets.ts";
import {
  bytesOf as bytesOfDigits,
  checksum,
  digits,
  numberOf,
  packetOf,
  registerOf,
  registerText,
  resumptionsOf,
  threadOf,
} from "../../../machine/host/gdb/words.ts";
import { runningHost } from "../engine/answers.ts";
import { bytesOf, promise, type Target } from "../engine/target.ts";

const INPUT_BYTES_MAX = 17_000;

/** Reads the words of a packet as the session does, without a machine. Gives what was found in them. */
function readWords(packet: string): string {
  const words = packet.slice(1);
  const bytes = bytesOfDigits(words);
  promise(bytes === undefined || digits(bytes) === words.toLowerCase(), "digits read as other bytes");
  const value = registerOf(words);
  promise(
    value === undefined || registerText(value) === words.toLowerCase(),
    "a register reads as another value",
  );
  const number = numberOf(words);
  promise(number === undefined || (number >= 0n && number < 2n ** 64n), "a number has more than 64 bits");
  const resumptions = resumptionsOf(packet);
  promise(resumptions === undefined || resumptions.length > 0, "nothing is resumed");
  const thread = threadOf(words);
  const kinds = [bytes, value, number, resumptions?.length, thread].map((found) => typeof found);
  return `${packet[0] ?? ""} ${kinds.join()}`;
}

/** All that may be the checksum of a packet: two digits behind a #. */
function sumsIn(input: Uint8Array): Set<number> {
  const found = Buffer.from(input)
    .toString("latin1")
    .matchAll(/#(?=([0-9a-fA-F]{1,2}))/g);
  return new Set(Array.from(found, ([, sum = ""]) => Number.parseInt(sum, 16)));
}

const packets = [
  "qSupported:x+",
  "vCont;c:1;s",
  "m80200000,4",
  "M80200000,2:ab12",
  "p20",
  "P20=0102030405060708",
  "Z0,80200000,4",
  "Hg-1",
  "g",
];

export const gdb: Target = {
  name: "gdb",
  about: "gdb's packets, and the words in them",
  inputBytesMax: INPUT_BYTES_MAX,
  isText: true,
  start: async () => {
    return runningHost({
      seeds: [
        bytesOf(`\x07${packets.map(packetOf).join("+")}`),
        bytesOf("\x01+$g#67\x03$g#00$$p1#a1"),
        bytesOf(`\xff$${"x".repeat(PACKET_BYTES_MAX + 2)}#00$g#67`),
      ],
      dictionary: packets.map((packet) => bytesOf(packetOf(packet))),
      run: (input, answers) => {
        const piece = 1 + (input[0] ?? 0);
        const sums = sumsIn(input);
        let acknowledged = "";
        let taken = 0;
        const listener = {
          onPacket: (data: string): void => {
            taken += 1;
            promise(data.length <= PACKET_BYTES_MAX, "a packet is longer than gdb was told");
            promise(sums.has(checksum(data)), "a packet with a wrong checksum is taken");
            answers.say(readWords(data));
          },
          onTooLong: (): void => {
            taken += 1;
          },
          onInterrupt: (): void => {},
        };
        const stream = new PacketStream(listener, (text) => {
          acknowledged += text;
        });
        for (let at = 1; at < input.length; at += piece) {
          stream.receive(input.subarray(at, at + piece));
        }
        answers.say(acknowledged.replaceAll(/(.)\1+/g, "$1"));
        promise(acknowledged.replaceAll("-", "").length === taken, "not every packet is acknowledged once");
      },
    });
  },
};
