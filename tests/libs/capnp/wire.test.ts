// The guest's accessors against capnp-es, both ways: the guest builds the very bytes that capnp-es does, and reads
// what capnp-es builds. The schemas are our contracts, and one with everything that the generator knows.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Message } from "capnp-es";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { readSchema } from "../../../toolchain/schema/generate.ts";
import { withDrivers } from "../../../tools/fuzz/targets/capnp-drivers.ts";
import { type Guest, guest, root } from "../../harness/guest.ts";
import { anyStruct, buildStream, DEPTH_MAX, hostClasses, hostMessage, hostStream } from "./values.ts";

const MESSAGE_BYTES_MAX = 4096;
const STREAM_BYTES_MAX = 1 << 20;
/** A struct of no size as the capnp compiler writes it; capnp-es writes a null pointer. */
const emptyMessage = Uint8Array.from([0, 0, 0, 0, 1, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
const idl = readdirSync(join(root, "source/idl")).map((name) => `source/idl/${name}`);

describe.each(["tests/libs/capnp/everything.capnp", ...idl])("%s", (file) => {
  const text = readFileSync(join(root, file), "utf8");
  const schema = readSchema(text, file);
  let g: Guest;
  let classes: Awaited<ReturnType<typeof hostClasses>>;
  let streamAt: number;
  let pageAt: number;

  beforeAll(async () => {
    g = await guest({ text: withDrivers(text, file) });
    classes = await hostClasses(text, file);
    streamAt = g.alloc(STREAM_BYTES_MAX);
    // The page ends where memory ends: a write behind it traps.
    g.alloc(MESSAGE_BYTES_MAX, 65_536);
    pageAt = g.memory.buffer.byteLength - MESSAGE_BYTES_MAX;
  });

  const build = (name: string, stream: Uint8Array, capacity = MESSAGE_BYTES_MAX): number => {
    g.bytes().set(stream, streamAt);
    return g.call(`buildMessage_${name}`, streamAt, g.memory.buffer.byteLength - capacity, capacity);
  };
  const read = (name: string, at: number, length: number): Uint8Array | undefined => {
    const bytes = g.call(`readMessage_${name}`, at, length, streamAt, STREAM_BYTES_MAX, DEPTH_MAX);
    return bytes < 0 ? undefined : g.get(streamAt, bytes);
  };

  const names = schema.structs.map(({ name }) => name);
  it.each(names)("%s: capnp-es reads what the guest builds, and the guest reads it too", (name) => {
    fc.assert(
      fc.property(anyStruct(schema, name), (value) => {
        g.bytes().fill(0xa5, pageAt);
        const length = build(name, buildStream(schema, name, value));
        const expected = hostMessage(schema, classes(name), name, value);
        expect(length).toBe(expected.length <= MESSAGE_BYTES_MAX ? expected.length : 0);
        if (length === 0) {
          return;
        }
        const isEmpty = schema.structs.some((one) => one.name === name && one.fields.length === 0);
        expect(g.get(pageAt, length)).toEqual(isEmpty ? emptyMessage : expected);
        const message = new Message(g.get(pageAt, length), false);
        const seen = hostStream(schema, name, message.getRoot(classes(name)));
        expect(read(name, pageAt, length)).toEqual(seen);
        expect(seen).toEqual(hostStream(schema, name, new Message(expected, false).getRoot(classes(name))));
      }),
      { numRuns: 60 },
    );
  });

  it.each(names)("%s: the guest reads what capnp-es builds", (name) => {
    fc.assert(
      fc.property(anyStruct(schema, name), (value) => {
        const bytes = hostMessage(schema, classes(name), name, value);
        if (bytes.length > MESSAGE_BYTES_MAX) {
          return;
        }
        const at = g.memory.buffer.byteLength - bytes.length;
        g.bytes().set(bytes, at);
        const seen = hostStream(schema, name, new Message(bytes, false).getRoot(classes(name)));
        expect(read(name, at, bytes.length)).toEqual(seen);
      }),
      { numRuns: 60 },
    );
  });

  it.each(names)(
    "%s: a message that does not fit is not built, and nothing is written behind the buffer",
    (name) => {
      fc.assert(
        fc.property(anyStruct(schema, name), fc.integer({ min: 0, max: 64 }), (value, words) => {
          const capacity = words * 8;
          const expected = hostMessage(schema, classes(name), name, value).length;
          const before = g.memory.buffer.byteLength - capacity - 64;
          g.bytes().fill(0x5a, before, before + 64);
          const length = build(name, buildStream(schema, name, value), capacity);
          expect(length).toBe(expected <= capacity ? expected : 0);
          expect(g.get(before, 64).every((byte) => byte === 0x5a)).toBe(true);
        }),
        { numRuns: 40 },
      );
    },
  );
});
