// consoled over a fake UART. No output is lost or mixed, no matter how fast the device is, and no input is lost. An answer goes to
// the client that asked, and not before what it says is true.

import { describe, expect, test } from "vitest";
import { ExitCode } from "../../harness/abi.ts";
import { defined } from "../../harness/defined.ts";
import { ABSENT, Console, INTERRUPTED, READY } from "./running.ts";
import { FakeTerminal } from "./terminal.ts";

const OUTPUT_BYTES = 32_768;
const INPUT_BYTES = 4096;

describe("starting", () => {
  test("it says where the UART is, signals that it is ready, and writes nothing of its own", async () => {
    const console = await Console.start();
    expect(console.exitCode).toBeUndefined();
    expect(console.kernel.console).toEqual(["consoled: uart=0x10000000 irq=10\n"]);
    expect(console.starter.bits).toBe(READY);
    expect(console.uart.text).toBe("");
  });

  test("without a UART it tells its starter, and ends without an error", async () => {
    const console = await Console.start({ uart: false });
    expect(console.exitCode).toBe(0);
    expect(console.kernel.console).toEqual([]);
    expect(console.starter.bits).toBe(ABSENT);
  });

  test.each([
    [25, "Overlap", -9],
    [26, "AlreadyBound", -13],
    [33, "MissingRight", -4],
  ])("it ends with a line when system call %i is refused with %s", async (call, name, status) => {
    const console = await Console.start({ refuse: ({ number }) => (number === call ? status : undefined) });
    expect(console.exitCode).toBe(ExitCode.UartRefused);
    expect(console.kernel.console.at(-1)).toBe(`consoled: cannot take over the UART: ${name}\n`);
    expect(console.starter.bits).toBe(0n);
  });
});

describe("printing", () => {
  test("the text that the kernel kept is sent in order, with a carriage return before each line feed", async () => {
    const console = await Console.start();
    console.print("neuron: hart0 online\n");
    console.print("neuron: hart1 online\n");
    console.run();
    expect(console.uart.text).toBe("neuron: hart0 online\r\nneuron: hart1 online\r\n");
  });

  test("the device gets sixteen bytes at a time, and the next ones only after its interrupt", async () => {
    const console = await Console.start();
    console.print("x".repeat(100));
    console.ask(7, "write", { text: "" });
    console.uart.run();
    expect(console.uart.sent).toHaveLength(16);
    console.uart.run();
    expect(console.uart.sent).toHaveLength(16);
    console.run();
    expect(console.uart.sent).toHaveLength(100);
  });

  test("while the device stalls, the rest stays with the kernel, and nothing is lost when it goes on", async () => {
    const console = await Console.start();
    const lines = Array.from({ length: 6000 }, (_, index) => `line ${index}\n`).join("");
    console.uart.isStalled = true;
    console.print(lines);
    console.run();
    expect(console.keptBytes).toBeGreaterThan(lines.length - OUTPUT_BYTES);
    console.uart.isStalled = false;
    console.run();
    expect(console.uart.text).toBe(lines.replaceAll("\n", "\r\n"));
  });

  test("write prints after what was printed before it, and is refused if there is no room", async () => {
    const console = await Console.start();
    console.print("first\n");
    expect(console.ask(7, "write", { text: "second\n" })()).toEqual({ status: "ok" });
    console.run();
    expect(console.uart.text).toBe("first\r\nsecond\r\n");

    console.uart.isStalled = true;
    let accepted = "";
    for (let index = 0; index < 100; index++) {
      const text = `${index}`.padEnd(1023, ".");
      const { status } = defined(console.ask(7, "write", { text })());
      if (status !== "ok") {
        expect(status).toBe("full");
        break;
      }
      accepted += text;
    }
    expect(accepted.length).toBeGreaterThan(OUTPUT_BYTES / 2);
    console.uart.isStalled = false;
    console.run();
    expect(console.uart.text).toBe(`first\r\nsecond\r\n${accepted}`);
  });

  test("a text that is too long is refused, and no part of it is printed", async () => {
    const console = await Console.start();
    expect(console.ask(7, "write", { text: "x".repeat(1025) })()).toEqual({ status: "tooLong" });
    console.run();
    expect(console.uart.text).toBe("");
  });
});

describe("flush", () => {
  test("answers when the device has sent the last byte, also of text that was printed just before", async () => {
    const console = await Console.start();
    console.print(`${"x".repeat(40)}\n`);
    const flushed = console.ask(7, "flush");
    const other = console.ask(8, "flush");
    expect(flushed()).toBeUndefined();
    console.uart.run();
    console.uart.run();
    expect(flushed()).toBeUndefined();
    console.run();
    // The last part is in the device. The answer comes when time passes, without another event.
    console.ask(7, "write", { text: "" });
    expect([flushed(), other()]).toEqual([{ status: "ok" }, { status: "ok" }]);
    expect(console.uart.sent).toHaveLength(42);
  });

  test("a limited number of clients can wait", async () => {
    const console = await Console.start();
    console.uart.isStalled = true;
    console.print("x");
    const asked = Array.from({ length: 9 }, (_, badge) => console.ask(badge + 1, "flush"));
    expect(asked.map((answer) => answer()?.status)).toEqual([...Array(8).fill(undefined), "busy"]);
    console.uart.isStalled = false;
    console.run();
    console.ask(7, "write", { text: "" });
    expect(asked.slice(0, 8).map((answer) => answer()?.status)).toEqual(Array(8).fill("ok"));
  });
});

describe("reading a line", () => {
  test("the prompt comes after the output so far, and the edited line is the answer", async () => {
    const console = await Console.start();
    console.print("before\n");
    const line = console.ask(7, "readLine", { prompt: "nx> " });
    console.type("pss\u007f\r");
    console.run();
    expect(line()).toEqual({ status: "ok", line: "ps" });
    const terminal = new FakeTerminal();
    terminal.feed(Uint8Array.from(console.uart.sent));
    expect(terminal.rows.map((_, index) => terminal.text(index))).toEqual(["before", "nx> ps", ""]);
  });

  test("output while a line is typed appears above it", async () => {
    const console = await Console.start();
    const line = console.ask(7, "readLine", { prompt: "nx> " });
    console.type("hel");
    console.run();
    console.print("neuron: hart1 stops\n");
    console.run();
    console.print("no end");
    console.run();
    console.type("p\r");
    console.run();
    expect(line()).toEqual({ status: "ok", line: "help" });
    const terminal = new FakeTerminal();
    terminal.feed(Uint8Array.from(console.uart.sent));
    expect(terminal.rows.map((_, index) => terminal.text(index))).toEqual([
      "neuron: hart1 stops",
      "no end",
      "nx> help",
      "",
    ]);
  });

  test("input before a task reads is kept: as much as there is room for, and the rest in the device", async () => {
    const console = await Console.start();
    const lines = Array.from({ length: 1000 }, (_, index) => `line number ${index}`);
    console.type(`${lines.join("\r")}\r`);
    console.run();
    expect(console.uart.incoming.length).toBeGreaterThan(lines.join("\r").length - INPUT_BYTES - 64);
    for (const expected of lines) {
      const line = console.ask(7, "readLine", { prompt: "> " });
      console.run();
      expect(line()).toEqual({ status: "ok", line: expected });
    }
  });

  test("Ctrl-C and Ctrl-D each have an answer of their own", async () => {
    const console = await Console.start();
    for (const [key, status] of [
      ["\u0003", "interrupted"],
      ["\u0004", "ended"],
    ] as const) {
      const line = console.ask(7, "readLine", { prompt: "" });
      console.type(`${key}`);
      console.run();
      expect(line()).toEqual({ status, line: "" });
    }
  });

  test("Ctrl-C while no task reads is signalled to the keeper of the foreground program, and drops earlier input", async () => {
    const console = await Console.start();
    const line = console.ask(7, "readLine", { prompt: "nx> " });
    console.type("run spin\rabc\u0003d");
    console.run();
    expect(line()).toEqual({ status: "ok", line: "run spin" });
    expect(console.front.bits).toBe(INTERRUPTED);
    expect(console.uart.text.endsWith("run spin\r\n^C\r\n")).toBe(true);
    const next = console.ask(7, "readLine", { prompt: "" });
    console.type("ef\r");
    console.run();
    expect(next()).toEqual({ status: "ok", line: "def" });
  });

  test("Ctrl-C while a task reads a line goes only to that task", async () => {
    const console = await Console.start();
    for (const status of ["interrupted", "ok"]) {
      const line = console.ask(7, "readLine", { prompt: "" });
      console.type(status === "ok" ? "\r" : "abc\u0003");
      console.run();
      expect(line()?.status).toBe(status);
    }
    console.print("something\n");
    console.run();
    expect(console.front.bits).toBe(0n);
  });

  test("Ctrl-C is signalled even while the device is stalled", async () => {
    const console = await Console.start();
    console.uart.isStalled = true;
    console.print("x\n".repeat(OUTPUT_BYTES));
    console.type("\u0003");
    console.run();
    console.print("y");
    console.run();
    expect(console.front.bits).toBe(INTERRUPTED);
  });

  test("only one client can read at a time: another is refused, and the same one replaces its request", async () => {
    const console = await Console.start();
    const first = console.ask(7, "readLine", { prompt: "a " });
    expect(console.ask(8, "readLine", { prompt: "b " })()).toEqual({ status: "busy", line: "" });
    console.type("lost");
    console.run();
    const second = console.ask(7, "readLine", { prompt: "c " });
    console.type("kept\r");
    console.run();
    expect(first()).toBeUndefined();
    expect(second()).toEqual({ status: "ok", line: "kept" });
    expect(console.ask(8, "readLine", { prompt: "x".repeat(65) })()).toEqual({ status: "tooLong", line: "" });
  });

  test("typing while the device is stalled loses nothing", async () => {
    const console = await Console.start();
    const line = console.ask(7, "readLine", { prompt: "" });
    console.run();
    console.uart.isStalled = true;
    const text = "x".repeat(1000);
    console.type(`${text}\u0001y`);
    console.run();
    console.uart.isStalled = false;
    console.type("\r");
    console.run();
    expect(line()).toEqual({ status: "ok", line: `y${text}` });
  });
});

describe("refusals", () => {
  test("an unknown method, and a message that is malformed", async () => {
    const console = await Console.start();
    expect(console.send(7, 99n, new Uint8Array())()).toEqual({ status: "unknownMethod" });
    for (const [method, name] of [
      ["write", "ConsoleWrite"],
      ["readLine", "ConsoleReadLine"],
      ["flush", "ConsoleFlush"],
    ] as const) {
      const ordinal = BigInt(["write", "readLine", "flush"].indexOf(method));
      const answer = console.send(7, ordinal, Uint8Array.of(1, 2, 3), name)();
      expect(answer?.status).toBe("badMessage");
    }
  });
});
