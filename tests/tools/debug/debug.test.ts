// ./nx debug, with gdb driven by commands; and the editor's way to gdb: the commands of .vscode/launch.json through MI.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { list, object, readJson, text } from "../../../host/json.ts";
import { root } from "../../../host/root.ts";
import { defined } from "../../harness/defined.ts";
import { BOOT_TIMEOUT_MS, buildOnce } from "../../machine/booting.ts";
import { isInstalled } from "../../system/harness/machine.ts";

const GDB = "gdb-multiarch";

interface Ended {
  status: number | null;
  said: string;
}

/** Runs a command to its end. @param typed what it reads */
async function run(command: string, args: readonly string[], typed = ""): Promise<Ended> {
  const child = spawn(command, args, { cwd: root, stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (bytes) => (said += String(bytes)));
  child.stderr.on("data", (bytes) => (said += String(bytes)));
  child.stdin.on("error", () => {});
  child.stdin.end(typed);
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { status, said };
}

function debug(words: readonly string[], commands: readonly string[]): Promise<Ended> {
  const all = ["set width 0", ...commands].flatMap((each) => ["--command", each]);
  return run(join(root, "nx"), ["debug", ...words, ...all]);
}

test("./nx debug refuses a program that is not there, and names those that are", async () => {
  const { status, said } = await debug(["nosuch"], []);
  expect(status).toBe(2);
  expect(said).toContain("there is no program nosuch");
  expect(said).toContain("packagefsd");
});

test("./nx debug refuses QEMU, which does not go back", async () => {
  const { status, said } = await debug(["--machine", "qemu"], []);
  expect(status).toBe(2);
  expect(said).toContain("only the embedded machine goes backwards");
});

describe.skipIf(!isInstalled(GDB))(`./nx debug (${GDB} is installed)`, () => {
  test(
    "stops where the kernel begins",
    async () => {
      const { status, said } = await debug([], ["bt 1", "kill", "quit 3"]);
      expect(said).toMatch(/#0 {2}bootMain \(.*\) at source\/kernel\/neuron\/src\/main\.ts:\d+/);
      expect(status).toBe(3);
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "stops in a program and in no other one, and answers what gdb asks the machine",
    async () => {
      const { said } = await debug(
        ["nx", "ls", "fixtures", "--seed", "7"],
        [
          "bt 1",
          "break systemCall",
          "continue",
          "monitor harts",
          "monitor when",
          "monitor seed",
          "reverse-continue",
          "monitor tasks",
          "monitor caps nx",
          "monitor caps nosuch",
          "monitor queues",
          "monitor locks",
          "monitor mail",
          "monitor task nosuch",
          "monitor nothing",
          "delete",
          "continue",
        ],
      );
      expect(said).toMatch(/#0 {2}main \(\) at source\/apps\/nx\/main\.ts:\d+/);
      expect(said).toMatch(/hart 3: \w+ in \w+ mode at 0x[0-9a-f]{16}, \d+ instructions/);
      expect(said).toMatch(/clock \d+ \(\d+ instructions, .*\), in the present/);
      expect(said).toContain("seed 7, 4 harts, chaos none, 0 faults of the disk");
      expect(said).toContain("there is no program nosuch: nexus-init, ");
      expect(said).toMatch(/\n0 +nexus-init +driver +\w+ +0x[0-9a-f]+\n1 +consoled +driver/);
      expect(said).toMatch(/\n4 +nx +app +runs on hart \d +0x/);
      expect(said).toMatch(/\n\d+ +endpoint +send +0x[0-9a-f]+\n/);
      expect(said).toContain('there is no task "nosuch": nexus-init, consoled, virtioblkd, packagefsd, nx');
      expect(said.match(/^hart 2: (empty|none)$/gm)).toHaveLength(3);
      expect(said).toContain('there is no "monitor nothing":');
      // Forwards it stops at the program's first system call, backwards at its main.
      const [, forwards = ""] = said.split("hit Breakpoint 2, systemCall () at");
      expect(forwards).toMatch(/hit Breakpoint 1, main \(\) at source\/apps\/nx\/main\.ts/);
      expect(said).toContain("nx: kind=file size=36 name=hello.txt");
    },
    BOOT_TIMEOUT_MS,
  );

  const launch = object({
    configurations: list(
      object({
        name: text,
        program: text,
        miDebuggerPath: text,
        postRemoteConnectCommands: list(object({ text })),
      }),
    ),
  });

  test.each(["Kernel", "Program"])(
    ".vscode/launch.json: %s stops at its start, goes on and back, by MI",
    async (name) => {
      await buildOnce();
      const file = readFileSync(join(root, ".vscode/launch.json"), "utf8").replace(/^ *\/\/.*$/gm, "");
      const { configurations } = readJson(file, "launch.json", launch);
      const chosen = defined(configurations.find((each) => each.name === name));
      const boot = spawn(join(root, "nx"), ["boot", "--gdb", "0", "--seed", "7", "--timeout", "110"], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      const ended = new Promise((resolve) => boot.once("close", resolve));
      const port = await new Promise<string>((resolve) => {
        let said = "";
        boot.stdout.resume();
        boot.stderr.on("data", (bytes) => {
          said += String(bytes);
          const found = /target remote :(\d+)"/.exec(said)?.[1];
          if (found !== undefined) {
            resolve(found);
          }
        });
      });
      const program = chosen.program.replace(/^\$\{workspaceFolder\}\//, "");
      const commands = chosen.postRemoteConnectCommands.map((each) =>
        each.text.replace(/\$\{input:task\}/, "packagefsd"),
      );
      const typed = [
        "-gdb-set mi-async off",
        "-gdb-set confirm off",
        `-target-select remote :${port}`,
        ...commands,
        "-exec-continue",
        "-stack-list-frames 0 0",
        "-exec-next",
        "-exec-continue --reverse",
        "kill",
        "-gdb-exit",
      ];
      const { said } = await run(
        chosen.miDebuggerPath,
        ["--interpreter=mi3", "-nx", program],
        `${typed.join("\n")}\n`,
      );
      await ended;
      const start = name === "Kernel" ? "bootMain" : "main";
      expect(said).toContain('*stopped,reason="breakpoint-hit"');
      expect(said).toContain(`frame={level="0",addr="0x`);
      expect(said).toContain(`func="${start}"`);
      expect(said).toContain('reason="end-stepping-range"');
      expect(said.split("*stopped,").length).toBeGreaterThanOrEqual(4);
    },
    BOOT_TIMEOUT_MS,
  );
});
