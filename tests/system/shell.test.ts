// The shell on QEMU, by a person who types through a pipe: each line when the prompt is there, or a hundred kilobytes at
// once. What was typed arrives, what is answered is whole, and what is said last is not lost with the machine.

import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import type { Person } from "../../tools/boot/interactive.ts";
import { type BootReport, type BootRequest, SHELL_RUN } from "../../tools/boot/run.ts";
import { defined } from "../harness/defined.ts";
import { onEachMachine } from "./harness/each-machine.ts";
import { BOOT_TIMEOUT_MS, bootQemu, explain, hasQemu } from "./harness/machine.ts";

const PROMPT = "nx> ";

/** A person who follows a script. */
class Typist implements Person {
  private text = "";
  private seen = 0;
  private waiting: (() => void) | undefined;
  private send: (bytes: Uint8Array) => void = () => {};
  private leave: () => void = () => {};
  private readonly script: (typist: Typist) => Promise<void>;

  constructor(script: (typist: Typist) => Promise<void>) {
    this.script = script;
  }

  show(bytes: Uint8Array): void {
    this.text += Buffer.from(bytes).toString("latin1");
    this.waiting?.();
  }

  attach(send: (bytes: Uint8Array) => void, leave: () => void): void {
    this.send = send;
    this.leave = leave;
  }

  handOver(): void {
    this.script(this).catch((error: unknown) => {
      this.text += String(error);
      this.leave();
    });
  }

  close(): void {}

  type(text: string): void {
    this.send(new TextEncoder().encode(text));
  }

  /** Waits until the console shows this, behind what was waited for before. */
  async sees(words: string): Promise<void> {
    for (;;) {
      const at = this.text.indexOf(words, this.seen);
      if (at >= 0) {
        this.seen = at + words.length;
        return;
      }
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
    }
  }

  /** Types a line when the prompt is there. */
  async enters(line: string): Promise<void> {
    await this.sees(PROMPT);
    this.type(`${line}\r`);
  }

  /** The console's lines as a terminal would leave them, each of what was drawn on it last. */
  get lines(): string[] {
    const text = Buffer.from(this.text, "latin1").toString("utf8");
    return stripVTControlCharacters(text)
      .split("\n")
      .map((line) => defined(line.replace(/\r+$/, "").split("\r").at(-1)));
  }
}

async function session(
  script: (typist: Typist) => Promise<void>,
  smp = 4,
  boot: (change: Partial<BootRequest>) => Promise<BootReport> = bootQemu,
): Promise<{ lines: string[]; report: BootReport }> {
  const typist = new Typist(script);
  const report = await boot({ run: SHELL_RUN, person: typist, smp });
  expect(report.ok, explain(report)).toBe(true);
  return { lines: typist.lines, report };
}

/** The lines behind a prompt with this command, up to the next prompt. */
function answer(lines: readonly string[], command: string): string[] {
  const from = lines.indexOf(`${PROMPT}${command}`);
  expect(from, `${command} is not in:\n${lines.join("\n")}`).toBeGreaterThanOrEqual(0);
  const behind = lines.slice(from + 1);
  return behind.slice(
    0,
    behind.findIndex((line) => line.startsWith(PROMPT)),
  );
}

describe.skipIf(!hasQemu)("the shell (qemu-system-riscv64 is installed)", () => {
  test(
    "answers every command of a session, and poweroff turns the machine off",
    async () => {
      const commands = [
        "ls",
        "ls fixtures",
        "cat fixtures/hello.txt",
        "hw smp",
        "hw sbi",
        "hw irq",
        "hw dt",
        "hw vblk info",
        "ps",
        "hart stop 3",
        "hart start 3",
        "audit",
        "run nx ls fixtures/nested",
        "frob",
      ];
      const { lines, report } = await session(async (typist) => {
        for (const command of commands) {
          await typist.enters(command);
        }
        await typist.enters("poweroff");
      });
      expect(report.proofs).toHaveLength(3);
      expect(answer(lines, "ls").map((line) => line.split(/ +/).at(-1))).toEqual([
        "name",
        "bin",
        "dts",
        "fixtures",
      ]);
      expect(answer(lines, "ls fixtures").join("\n")).toContain("grüße.txt");
      expect(answer(lines, "cat fixtures/hello.txt")).toEqual(["Hello from the package file system."]);
      expect(answer(lines, "hw smp").at(0)).toMatch(/^online +4$/);
      expect(answer(lines, "hw sbi").at(0)).toMatch(/^version +\d+\.\d+$/);
      expect(answer(lines, "hw irq").some((line) => line.endsWith("consoled"))).toBe(true);
      expect(answer(lines, "hw dt").some((line) => line.startsWith("/soc/serial@10000000"))).toBe(true);
      expect(answer(lines, "hw vblk info").at(-1)).toMatch(/^sha256 +[0-9a-f]{64}$/);
      expect(answer(lines, "ps").join("\n")).toMatch(/packagefsd +alive +service/);
      expect(answer(lines, "hart stop 3")).toContain("hart 3 is stopped");
      expect(answer(lines, "hart start 3")).toContain("hart 3 is started");
      expect(answer(lines, "audit").join("\n")).toMatch(/hart-stopped +hart 3, .*\n.*hart-started +hart 3, /);
      expect(answer(lines, "run nx ls fixtures/nested")).toContain("nx: end");
      expect(answer(lines, "frob")).toEqual(['no such command: "frob" (help lists them)']);
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "works on with a service that was killed and started again",
    async () => {
      const killed = (name: string): string =>
        `nexus-init: ${name} ended: it was killed; started again in 50 ms`;
      const { lines, report } = await session(async (typist) => {
        await typist.enters("kill packagefsd");
        await typist.sees(killed("packagefsd"));
        await typist.sees("pkgfs: mounted from virtio-blk ro");
        typist.type("cat fixtures/hello.txt\r");
        await typist.sees("Hello from the package file system.");
        await typist.enters("kill consoled");
        await typist.sees(killed("consoled"));
        await typist.enters("kill nobody");
        await typist.enters("poweroff");
      });
      expect(report.proofs).toHaveLength(3);
      expect(lines).toContain("ending packagefsd");
      expect(lines).toContain("no service was ended: no running service has this name (ps lists the tasks)");
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "gets a hundred kilobytes at once, and prints its last words before the machine turns off",
    async () => {
      const pasted = Array.from({ length: 1500 }, (_, index) => {
        const filling = Array.from({ length: 56 }, (__, at) =>
          String.fromCharCode(33 + ((index * 7 + at * 13) % 90)),
        );
        // A quotation mark would begin a word that goes on.
        return `${String(index).padStart(5, "0")} ${filling.join("").replaceAll('"', "_")}`;
      });
      const bytes = pasted.map((line) => `echo ${line}\r`).join("");
      expect(bytes.length).toBeGreaterThan(100_000);
      const { lines } = await session(async (typist) => {
        await typist.sees(PROMPT);
        typist.type(`${bytes}echo last words\rpoweroff\r`);
      });
      expect(lines.filter((line) => /^\d{5} /.test(line))).toEqual(pasted);
      expect(lines).toContain("last words");
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "lets a line be edited, given up and called back",
    async () => {
      const { lines } = await session(async (typist) => {
        await typist.enters("echo on\u001b[Dx\u0005e");
        await typist.sees("oxne");
        await typist.enters("echo never\u0003");
        await typist.enters("\u001b[A\u001b[D\u001b[D\u007fy");
        await typist.sees("oyne");
        await typist.enters("\u0004");
      }, 1);
      expect(lines).toContain("oxne");
      expect(lines).toContain(`${PROMPT}echo never^C`);
      expect(lines).not.toContain("never");
    },
    BOOT_TIMEOUT_MS,
  );
});

onEachMachine("a shell that is killed", (boot) => {
  test(
    "comes back, with the program that it ran ended",
    async () => {
      const { lines, report } = await session(
        async (typist) => {
          await typist.enters("kill nx 200");
          await typist.enters("run fault-probe spin");
          await typist.sees("fault-probe: spins");
          await typist.sees("nexus-init: nx ended: it was killed; started again in 50 ms");
          await typist.sees("nx: shell (");
          await typist.enters("run nx ls fixtures");
          await typist.enters("ps");
          await typist.enters("poweroff");
        },
        4,
        boot,
      );
      expect(report.ok, explain(report)).toBe(true);
      expect(answer(lines, "run nx ls fixtures")).toContain("nx: kind=file size=36 name=hello.txt");
      const programs = answer(lines, "ps").map((line) => line.split(/ +/)[1]);
      expect(programs).toContain("nx");
      expect(programs).not.toContain("fault-probe");
    },
    BOOT_TIMEOUT_MS,
  );
});

onEachMachine("Ctrl-C", (boot) => {
  test.each([1, 4])(
    "ends the program in the foreground, and the shell says so, with %i harts",
    async (smp) => {
      const { lines } = await session(
        async (typist) => {
          for (const probe of ["spin", "wait"]) {
            await typist.enters(`run fault-probe ${probe}`);
            await typist.sees(`fault-probe: ${probe}s`);
            typist.type("typed before it\u0003");
            await typist.sees("fault-probe was ended by Ctrl-C");
          }
          await typist.enters("run nx ls fixtures/nested");
          await typist.enters("ps");
          await typist.enters("poweroff");
        },
        smp,
        boot,
      );
      const ended = ["^C", "fault-probe was ended by Ctrl-C"];
      expect(answer(lines, "run fault-probe spin")).toEqual(["fault-probe: spins", ...ended]);
      expect(answer(lines, "run fault-probe wait")).toEqual(["fault-probe: waits", ...ended]);
      expect(answer(lines, "run nx ls fixtures/nested")).toContain("nx: end");
      expect(answer(lines, "ps").filter((line) => /fault-probe +alive/.test(line))).toEqual([]);
    },
    BOOT_TIMEOUT_MS,
  );
});

describe.skipIf(!hasQemu)("the console of four harts (qemu-system-riscv64 is installed)", () => {
  test(
    "has only whole lines",
    async () => {
      const report = await bootQemu();
      const own = report.lines.slice(report.lines.findIndex((line) => line.startsWith("neuron: ")));
      const beginning = /(neuron|consoled|virtioblkd|pkgfs|SELFTEST|selftest|proof): /g;
      for (const line of own) {
        expect(line.match(beginning), line).toHaveLength(1);
      }
      for (const line of own) {
        expect(line.search(beginning), line).toBe(0);
      }
    },
    BOOT_TIMEOUT_MS,
  );
});
