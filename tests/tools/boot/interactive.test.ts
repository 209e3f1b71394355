// A person at the console: which keys reach the guest, which end the machine, and that the terminal is always given back.

import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { EARLY_KEYS_MAX, Keys, personAt } from "../../../tools/boot/interactive.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
const text = (of: Uint8Array): string => Buffer.from(of).toString("latin1");

/** Keys behind the shell's greeting. */
function atShell(): Keys {
  const keys = new Keys();
  keys.handOver();
  return keys;
}

test("every byte reaches the shell, also control characters and UTF-8", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 1);
  expect(atShell().feed(all)).toEqual({ send: all, leave: false });
});

test("keys typed before the shell is there wait for it, up to a limit", () => {
  const keys = new Keys();
  expect(keys.feed(bytes("ps\r"))).toEqual({ send: new Uint8Array(), leave: false });
  keys.feed(bytes("x".repeat(2 * EARLY_KEYS_MAX)));
  const early = text(keys.handOver());
  expect(early).toBe(`ps\r${"x".repeat(EARLY_KEYS_MAX - 3)}`);
  expect(text(keys.feed(bytes("y")).send)).toBe("y");
});

test.each([
  ["Ctrl-A x", "\x01x"],
  ["Ctrl-A X", "\x01X"],
])("%s ends the machine before and after the greeting, and the keys before it are sent", (_, typed) => {
  expect(new Keys().feed(bytes(typed)).leave).toBe(true);
  expect(atShell().feed(bytes(`ab${typed}cd`))).toEqual({ send: bytes("ab"), leave: true });
});

test("Ctrl-A twice sends one to the guest, also when the two come separately; before another key it is dropped", () => {
  const keys = atShell();
  expect(text(keys.feed(bytes("\x01")).send)).toBe("");
  expect(text(keys.feed(bytes("\x01a")).send)).toBe("\x01a");
  expect(text(keys.feed(bytes("\x01b")).send)).toBe("b");
});

test("Ctrl-C goes to the guest once the shell is there, and ends the boot before that", () => {
  expect(new Keys().feed(bytes("\x03")).leave).toBe(true);
  expect(atShell().feed(bytes("\x03"))).toEqual({ send: bytes("\x03"), leave: false });
});

/** A terminal that remembers what was done to it. */
class FakeTerminal extends EventEmitter {
  readonly modes: boolean[] = [];
  isFlowing = false;
  setRawMode(raw: boolean): void {
    this.modes.push(raw);
  }
  resume(): void {
    this.isFlowing = true;
  }
  pause(): void {
    this.isFlowing = false;
  }
}

function sit(): {
  terminal: FakeTerminal;
  person: ReturnType<typeof personAt>;
  shown: string[];
  sent: string[];
} {
  const terminal = new FakeTerminal();
  const shown: string[] = [];
  const sent: string[] = [];
  const person = personAt(terminal, { write: (some) => shown.push(text(some)) });
  return { terminal, person, shown, sent };
}

test("the terminal is raw between attach and close, and never twice", () => {
  const { terminal, person } = sit();
  const before = process.listenerCount("exit");
  person.close();
  expect(terminal.modes).toEqual([]);
  person.attach(
    () => {},
    () => {},
  );
  expect(process.listenerCount("exit")).toBe(before + 1);
  person.close();
  person.close();
  expect(terminal.modes).toEqual([true, false]);
  expect(terminal.isFlowing).toBe(false);
  expect(terminal.listenerCount("data")).toBe(0);
  expect(process.listenerCount("exit")).toBe(before);
});

test("the terminal is given back when this process ends", () => {
  const { terminal, person } = sit();
  const others = process.listeners("exit");
  person.attach(
    () => {},
    () => {},
  );
  const own = process.listeners("exit").filter((listener) => !others.includes(listener));
  for (const listener of own) {
    listener.call(process, 1);
  }
  expect(terminal.modes).toEqual([true, false]);
});

test("keys go to the machine when the shell is there, and leaving begins a new line", () => {
  const { terminal, person, shown, sent } = sit();
  let left = 0;
  person.attach(
    (some) => sent.push(text(some)),
    () => {
      left += 1;
    },
  );
  terminal.emit("data", bytes("ls\r"));
  expect(sent).toEqual([]);
  person.handOver();
  terminal.emit("data", bytes("ps\r"));
  terminal.emit("data", bytes("\x01x"));
  person.show(bytes("nx> "));
  expect(sent).toEqual(["ls\r", "ps\r"]);
  expect(left).toBe(1);
  expect(shown).toEqual(["\r\n", "nx> "]);
  person.close();
});
