// Messages between programs: any bytes as a message of any struct of a schema that has all there is.
//
// The first byte of an input chooses the struct, the rest is the message.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../host/root.ts";
import { readSchema } from "../../../toolchain/schema/generate.ts";
import { FuzzGuest } from "../engine/guest.ts";
import { promise, type Target } from "../engine/target.ts";
import { withDrivers } from "./capnp-drivers.ts";

const SCHEMA = "tests/libs/capnp/everything.capnp";
const MESSAGE_BYTES_MAX = 4096;
const STREAM_BYTES = 65_536;
const DEPTH = 3;
const WORD_BYTES = 8;
/** Streams of these many words, all of one value, build the messages of the beginning. */
const SEED_WORDS = 4096;

/** A message of the struct, with lists and texts of `value` elements. */
function build(guest: FuzzGuest, name: string, value: number): Uint8Array {
  guest.begin();
  const from = guest.place(new Uint8Array(SEED_WORDS * WORD_BYTES), WORD_BYTES);
  new BigUint64Array(guest.memory.buffer, from, SEED_WORDS).fill(BigInt(value));
  const at = from - MESSAGE_BYTES_MAX;
  const bytes = guest.call(`buildMessage_${name}`, from, at, MESSAGE_BYTES_MAX);
  return guest.get(at, bytes);
}

export const capnp: Target = {
  name: "capnp",
  about: "the reader of messages",
  inputBytesMax: MESSAGE_BYTES_MAX,
  isText: false,
  start: async () => {
    const schema = readFileSync(join(root, SCHEMA), "utf8");
    // A tree would never end: each of its pointers is filled.
    const names = readSchema(schema, SCHEMA).structs.map(({ name }) => name);
    const text = withDrivers(schema, SCHEMA);
    const guest = await FuzzGuest.start({ text, inputBytesMax: MESSAGE_BYTES_MAX + 2 * STREAM_BYTES });
    const filled = names.filter((name) => name !== "Tree");
    return guest.running({
      seeds: filled.flatMap((name) =>
        [0, 1, 2].map((value) => Buffer.concat([Buffer.of(names.indexOf(name)), build(guest, name, value)])),
      ),
      dictionary: guest.dictionary,
      run: (input) => {
        const name = names[(input[0] ?? 0) % names.length] ?? "Tree";
        const message = input.subarray(1);
        guest.begin();
        const at = guest.place(message, WORD_BYTES);
        const streamAt = at - STREAM_BYTES;
        const refusal = guest.call(`refusal_${name}`, at, message.length);
        guest.place(message, WORD_BYTES);
        const bytes = guest.call(`readMessage_${name}`, at, message.length, streamAt, STREAM_BYTES, DEPTH);
        promise(bytes < 0 === (refusal !== 0), "a message is refused once, and accepted once");
        const touched = bytes < 0 ? 0 : guest.call("touchedBytes");
        promise(touched <= MESSAGE_BYTES_MAX, "reading a message goes through more bytes than a message has");
      },
    });
  },
};
