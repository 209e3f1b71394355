// Standard input as keys: typed once a line is asked for, and ended with Ctrl-D on a line of its own.

import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { type InputStream, LINE_BYTES_MAX, TypedText, Typist } from "../../../tools/run/input.ts";

class Stream extends EventEmitter implements InputStream {
  isRead = false;
  isClosed = false;
  resume(): void {
    this.isRead = true;
  }
  destroy(): void {
    this.isClosed = true;
  }
}

function typing(): { typist: Typist; stream: Stream; typed: () => string; left: () => boolean } {
  const stream = new Stream();
  const typist = new Typist(() => stream);
  let typed = "";
  let hasLeft = false;
  typist.attach(
    (bytes) => {
      typed += Buffer.from(bytes).toString();
    },
    () => {
      hasLeft = true;
    },
  );
  return { typist, stream, typed: () => typed, left: () => hasLeft };
}

test("nothing is read before the guest asks for a line; then all is typed, and Ctrl-D", () => {
  const { typist, stream, typed } = typing();
  typist.show(Buffer.from("OpenSBI\nneuron: hart0 online\n"));
  expect(stream.isRead).toBe(false);
  // The sequence may come in two pieces.
  typist.show(Buffer.from("\r> \x1b"));
  typist.show(Buffer.from("[K"));
  expect(stream.isRead).toBe(true);
  stream.emit("data", Buffer.from("one\ntwo"));
  stream.emit("data", Buffer.from(" words\n"));
  stream.emit("end");
  expect(typed()).toBe("one\ntwo words\n\x04");
  typist.close();
  expect(stream.isClosed).toBe(true);
});

test.each([
  ["", "\x04"],
  ["line\n", "\x04"],
  ["no end", "\n\x04"],
])("after %j comes %j", (text, end) => {
  const keys = new TypedText();
  keys.feed(Buffer.from(text));
  expect(Buffer.from(keys.end()).toString()).toBe(end);
});

test.each([
  ["a key that edits", "ok\nctrl\x15u\n", /^line 2 of the standard input has the control character 0x15$/],
  [
    "a longer line than the guest takes",
    `ok\n\n${"x".repeat(LINE_BYTES_MAX + 1)}`,
    /^line 3 .* more than 1024 bytes$/,
  ],
])("%s ends the run with its line and what to do", (_what, text, says) => {
  const { typist, stream, typed, left } = typing();
  typist.show(Buffer.from("\x1b[K"));
  stream.emit("data", Buffer.from(text));
  expect(left()).toBe(true);
  expect(typist.problem).toMatchObject({
    message: expect.stringMatching(says),
    details: { hints: [expect.any(String)] },
  });
  stream.emit("data", Buffer.from("more"));
  expect(typed()).toBe("");
});

test("a line of the greatest length is typed", () => {
  const text = `${"ü".repeat(LINE_BYTES_MAX / 2)}\n`;
  expect(Buffer.from(new TypedText().feed(Buffer.from(text))).toString()).toBe(text);
});
