// The shell over a fake system: what is typed is carried out, the answers are a person's, and it ends when it should.

import { expect, test } from "vitest";
import { compileDts } from "../../../toolchain/dts/compile.ts";
import { Audit, FakeEndpoint, FakeVmo, Refusal, Role, Syscall } from "../../harness/fake-kernel/kernel.ts";
import { type Fields, Wire } from "../../services/packagefsd/wire.ts";
import { FakeSystem } from "../fake-system.ts";

/** consoled: its lines are typed one after another; a status in their place is answered as it is. */
async function keyboard(lines: readonly (string | { status: string })[]): Promise<FakeEndpoint> {
  const wire = await Wire.of("console");
  const endpoint = new FakeEndpoint();
  const left = [...lines];
  endpoint.answer = ({ w0, bytes }) => {
    expect(w0).toBe(wire.method("readLine"));
    expect(wire.decode("ConsoleReadLineParams", bytes)).toEqual({ prompt: "nx> " });
    const next = left.shift() ?? { status: "ended" };
    const fields = typeof next === "string" ? { status: "ok", line: next } : next;
    return wire.encode("ConsoleReadLineResults", fields);
  };
  return endpoint;
}

const GREETING = "nx: shell (help lists the commands, poweroff ends)";

interface Session {
  /** What was printed for the lines, without the greeting. */
  readonly lines: readonly string[];
  readonly end: unknown;
}

/** A session of the shell. */
async function session(
  lines: readonly (string | { status: string })[],
  options: {
    smp?: number;
    prepare?: (system: FakeSystem) => void;
    more?: [number, FakeEndpoint | FakeVmo, bigint?][];
  } = {},
): Promise<Session> {
  const more = [[Role.ConsoleService, await keyboard(lines)] as const, ...(options.more ?? [])];
  const system = await FakeSystem.start("source/apps/nx/main.ts", { ...options, more });
  system.files.set("fixtures/hello.txt", new TextEncoder().encode("Hello\n\u001b[2Jthere, Grüße\u009b"));
  options.prepare?.(system);
  const end = system.kernel.run("main");
  const [first, ...printed] = system.kernel.console.join("").replace(/\n$/, "").split("\n");
  expect(first).toBe(GREETING);
  return { lines: printed, end };
}

test("an empty session ends well, and so does poweroff; the shell reads no line after it", async () => {
  expect(await session([])).toEqual({ lines: [], end: 0 });
  const { lines, end } = await session(["echo one", "poweroff", "echo two"]);
  expect(lines).toEqual(["one"]);
  expect(end).toBe(0);
});

test("the shell goes on to the next line after one that is empty or was given up", async () => {
  const { lines } = await session([{ status: "interrupted" }, "", "   ", "echo on"]);
  expect(lines).toEqual(["on"]);
});

test("the shell says so and ends when it has no console, or when the console fails", async () => {
  const system = await FakeSystem.start("source/apps/nx/main.ts");
  expect(system.kernel.run("main")).toBe(1);
  expect(system.lines).toEqual(["nx: there is no console to read from"]);
  const { lines, end } = await session([{ status: "busy" }]);
  expect(lines).toEqual(["nx: reading a line failed: busy"]);
  expect(end).toBe(1);
});

test("a table has its headings once, its numbers aligned to the right, and at most 80 columns", async () => {
  const { lines } = await session(["hw smp"], { smp: 2 });
  expect(lines).toEqual([
    "online            2",
    "hart  hartid    ticks  ipis sent  ipis received  switches  stolen     idle",
    "   0      10        0         20             30        40      50       80",
    "   1      11        1         21             31        41      51       81",
  ]);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});

test("hw sbi has all that the kernel told, although each fact is printed by a system call", async () => {
  const { lines } = await session(["hw sbi"]);
  expect(lines).toEqual([
    "version           1.0",
    "firmware          OpenSBI",
    "firmware version  0x10001",
    "extensions        time,ipi,rfence,hsm,srst",
    "sstc              1",
    "sswi              1",
  ]);
});

test("cat shows text, but no characters that control the terminal", async () => {
  const { lines } = await session(["cat pkg://fixtures/hello.txt", "cat /fixtures/hello.txt/", "echo next"]);
  expect(lines).toEqual(["Hello", "?[2Jthere, Grüße\ufffd?", "Hello", "?[2Jthere, Grüße\ufffd?", "next"]);
});

test.each([
  ["frob", 'no such command: "frob" (help lists them)'],
  ["hw smpp", 'no such command: "hw smpp" (did you mean "hw smp"?)'],
  ["poweorff", 'no such command: "poweorff" (did you mean "poweroff"?)'],
  ["l", 'no such command: "l" (did you mean "ls"?)'],
  ["kil packagefsd", 'no such command: "kil packagefsd" (did you mean "kill"?)'],
  ["hw", "that needs another word: hw smp, hw vblk info, hw dt, hw sbi, hw irq."],
  ["hw vblk", "that needs another word: hw vblk info."],
  ["hart", "that needs another word: hart stop, hart start."],
  ['cat "x', "a closing quotation mark is missing"],
  ["cat", "the path of a file is needed: ls lists them"],
  ["cat nothing", "pkg://nothing: notFound"],
  ["run", "only the shell started at boot may run programs"],
  ["kill packagefsd", "only the shell started at boot may end services"],
  ["audit", "only the shell started at boot may read the audit trail"],
  ["hart stop 4", "a hart's number is needed, 0 to 3"],
  ["hart start", "a hart's number is needed, 0 to 3"],
  ["hw vblk info", "no block device"],
  ["hw dt", "no device tree was given to this program"],
])("%j is answered with a sentence", async (line, sentence) => {
  expect((await session([line])).lines).toEqual([sentence]);
});

test("hart stops and starts a hart, and says what the kernel refused", async () => {
  const calls: string[] = [];
  const { lines } = await session(["hart stop 2", "hart start 2", "hart stop 3", "hart stop 0"], {
    prepare: ({ kernel, harts }) => {
      kernel.extra.set(Syscall.StopHart, ([, hart]) => {
        calls.push(`stop ${hart}`);
        const stopping = harts[Number(hart)];
        // Hart 3 is asked to stop, but stays online.
        if (stopping) {
          stopping.online = hart === 3n;
        }
        return hart === 0n ? Refusal.BadState : 0;
      });
      kernel.extra.set(Syscall.RestartHart, ([, hart]) => {
        calls.push(`start ${hart}`);
        return 0;
      });
    },
  });
  expect(calls).toEqual(["stop 2", "start 2", "stop 3", "stop 0"]);
  expect(lines).toEqual([
    "hart 2 is stopped",
    "hart 2 is started",
    "hart 3 was asked to stop, and has not stopped yet",
    "hart 0 cannot be stopped now: it is already, or is the last one",
  ]);
});

/** nexus-init, which gives the same answer to every request to run or end a program. */
async function init(method: "run" | "kill", asked: Fields[], answer: Fields): Promise<FakeEndpoint> {
  const wire = await Wire.of("init");
  const form = method === "run" ? "InitRun" : "InitKill";
  const endpoint = new FakeEndpoint();
  endpoint.answer = ({ w0, bytes }) => {
    expect(w0).toBe(wire.method(method));
    asked.push(wire.decode(`${form}Params`, bytes));
    return wire.encode(`${form}Results`, answer);
  };
  return endpoint;
}

test.each([
  ["well", { status: "ok", cause: 1, detail: 0n }, []],
  ["with a code", { status: "ok", cause: 1, detail: 3n }, ["ended: exit code 3(its own)"]],
  ["by a fault", { status: "ok", cause: 6, detail: 0x40n }, ["ended: it read where it may not, at 0x40"]],
  ["by Ctrl-C", { status: "interrupted", cause: 2, detail: 0n }, ["prog was ended by Ctrl-C"]],
  ["not started", { status: "notStarted", cause: 0, detail: 0n }, ["the program did not run: notStarted"]],
])("run asks nexus-init, and says how the program ended: %s", async (_, answer, expected) => {
  const asked: Fields[] = [];
  const service = await init("run", asked, answer);
  const { lines } = await session(['run prog "a  b"  c '], { more: [[Role.InitService, service]] });
  expect(lines).toEqual(expected);
  expect(asked).toEqual([{ name: "prog", argument: '"a  b"  c' }]);
});

test.each([
  ["ok", "ending packagefsd"],
  ["badName", "no service was ended: no running service has this name (ps lists the tasks)"],
  ["busy", "no service was ended: busy"],
  ["unknownMethod", "no service was ended: nexus-init does that in bring-up builds only"],
])("kill asks nexus-init, which answers %s", async (status, sentence) => {
  const asked: Fields[] = [];
  const service = await init("kill", asked, { status });
  const typed = [
    "kill packagefsd",
    "kill packagefsd 7",
    "kill packagefsd now",
    "kill packagefsd 10001",
    "kill",
  ];
  const { lines } = await session(typed, { more: [[Role.InitService, service]] });
  const noTime = "the time is a number of milliseconds, up to 10000";
  const noName = "the name of a service is needed: ps lists them";
  expect(lines).toEqual([sentence, sentence, noTime, noTime, noName]);
  expect(asked).toEqual([
    { name: "packagefsd", afterMicroseconds: 0n },
    { name: "packagefsd", afterMicroseconds: 7_000n },
  ]);
});

test("nx kill says that the service is ending, since nexus-init answers before it has ended", async () => {
  const service = await init("kill", [], { status: "ok" });
  const system = await FakeSystem.start("source/apps/nx/main.ts", {
    argument: "kill packagefsd",
    more: [[Role.InitService, service]],
  });
  expect(system.kernel.run("main")).toBe(0);
  expect(system.kernel.console.join("")).toContain("service=packagefsd state=ending\n");
});

test("audit merges the rings of all kinds into one story", async () => {
  const records: readonly (readonly [
    kind: number,
    sequence: number,
    task: bigint,
    word0: bigint,
    word1: bigint,
    times: number,
  ])[] = [
    [0, 1, 0xffff_ffffn, 0n, 2n, 1],
    [4, 3, 5n, 1n, 7n, 1],
    [3, 2, 0x205n, 63n, 4n, 33],
    [Audit.ServiceRestarted, 4, 0n, BigInt(`0x${Buffer.from("virtiobl").reverse().toString("hex")}`), 1n, 1],
  ];
  const { lines } = await session(["audit"], {
    more: [[Role.Audit, new FakeEndpoint()]],
    prepare: ({ kernel }) => {
      kernel.extra.set(Syscall.AuditRead, ([, kind, after]) => {
        const found = records.find(([of, sequence]) => BigInt(of) === kind && BigInt(sequence) > after);
        if (found) {
          const hart = 1n | (BigInt(found[5]) << 32n);
          kernel.setResults(found[1], 10_000n * BigInt(found[1]), hart, found[2], found[3], found[4]);
        } else {
          kernel.setResults(0);
        }
        return 0;
      });
    },
  });
  expect(lines.map((line) => line.trimEnd())).toEqual([
    "sequence        ms  hart  task    times  kind                what",
    "       1         1     1  -           1  hart-started        hart 0, hart id 2",
    "       2         2     1  5.2        33  capability-refused  slot 63: MissingRight",
    "       3         3     1  5           1  task-ended          exit code 7(its own)",
    "       4         4     1  0           1  service-restarted   virtiobl, attempt 1",
  ]);
});

test("hw dt walks the whole tree", async () => {
  const source = `/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; compatible = "a,b", "c";
    uart@10000000 { compatible = "ns16550a"; reg = <0x10000000 0x100>; interrupts = <10>; status = "okay"; };
    soc { #address-cells = <1>; #size-cells = <1>; inner@5 { reg = <5 0>; }; }; };`;
  const blob = compileDts(source, "test.dts");
  const vmo = FakeVmo.of(blob);
  const { lines } = await session(["hw dt"], { more: [[Role.DeviceTree, vmo, BigInt(blob.length)]] });
  expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual([
    ["node", "compatible", "reg", "irq", "status"],
    ["/", "a,b,c", "-", "-", "-"],
    ["/uart@10000000", "ns16550a", "0x10000000+0x100", "10", "okay"],
    ["/soc", "-", "-", "-", "-"],
    ["/soc/inner@5", "-", "0x5", "-", "-"],
  ]);
});
