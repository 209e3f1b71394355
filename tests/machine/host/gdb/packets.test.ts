// The bytes of packets: their largest size is the one that gdb is told, in pieces of any size.

import { expect, test } from "vitest";
import { PACKET_BYTES_MAX, PacketStream } from "../../../../machine/host/gdb/packets.ts";
import { packetOf } from "../../../../machine/host/gdb/words.ts";

/** What a stream makes of bytes that come in pieces: the lengths of packets, and "too long". */
function takenFrom(text: string, pieceBytes: number): (number | string)[] {
  const taken: (number | string)[] = [];
  const listener = {
    onPacket: (data: string) => taken.push(data.length),
    onTooLong: () => taken.push("too long"),
    onInterrupt: () => taken.push("interrupt"),
  };
  const stream = new PacketStream(listener, () => {});
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    stream.receive(bytes.subarray(at, at + pieceBytes));
  }
  return taken;
}

test.each([1, 7, 100_000])(
  "in pieces of %i bytes, the largest packet is taken, and one byte more is refused",
  (piece) => {
    const sent = [PACKET_BYTES_MAX, PACKET_BYTES_MAX + 1, PACKET_BYTES_MAX + 2, 3].map((length) =>
      packetOf("x".repeat(length)),
    );
    expect(takenFrom(sent.join("+"), piece)).toEqual([PACKET_BYTES_MAX, "too long", "too long", 3]);
  },
);

test("the first # ends a packet, and a $ begins a new one", () => {
  expect(takenFrom("$ab#$cd#c7$#00$##23\u0003", 1)).toEqual([2, 0, "interrupt"]);
});
