// What a client of packagefsd does when the service was started again: questions are asked once more, memory is attached
// again, and an open file is the caller's to open anew.

import { beforeEach, expect, test } from "vitest";
import { FakeEndpoint, FakeKernel, FakeVmo, Refusal, Right, vmoIn } from "../harness/fake-kernel/kernel.ts";
import { type Fields, Wire } from "../services/packagefsd/wire.ts";

const text = `
  import { File, PackageInfo, Stat } from "runtime/packages";
  export { attachMemory, closeFile, openFile, packageInfo, readFile, statPath } from "runtime/packages";

  const opened = changetype<File>(memory.data(offsetof<File>(), 8));
  const found = changetype<Stat>(memory.data(offsetof<Stat>(), 8));
  const mounted = changetype<PackageInfo>(memory.data(offsetof<PackageInfo>(), 8));
  export function file(): File { return opened; }
  export function stat(): Stat { return found; }
  export function info(): PackageInfo { return mounted; }
  export function fileNumber(): u32 { return opened.number; }
  export function fileSize(): u64 { return opened.size; }
  export function bytesRead(): u32 { return opened.bytesRead; }
  export function statHash(): usize { return found.hash; }
  export function statSize(): u64 { return found.size; }
`;
const statuses: Readonly<Record<string, number>> = { ok: 0, badFile: 7, notAttached: 10, attachRefused: 11 };

let kernel: FakeKernel;
let wire: Wire;
let service: number;
let vmo: FakeVmo;
let vmoSlot: number;
/** What the service answers, in order; a number is how the call ends instead. */
let answers: (string | number | Fields)[];
/** The methods that were called, and what came along. */
let asked: [method: string, vmo: FakeVmo | undefined][];

beforeEach(async () => {
  wire = await Wire.of("package_fs");
  kernel = await FakeKernel.start({ text });
  kernel.writeStartup("", []);
  const endpoint = new FakeEndpoint();
  service = kernel.insert(endpoint, Right.Send, 3);
  vmo = new FakeVmo(8192);
  vmoSlot = kernel.insert(vmo);
  answers = [];
  asked = [];
  endpoint.answer = (message) => {
    const method = ["open", "stat", "read", "list", "close", "attach", "info", "share"].find(
      (name) => wire.method(name) === message.w0,
    );
    if (!method) {
      throw new Error(`no method ${message.w0}`);
    }
    asked.push([method, vmoIn(message)]);
    const next = answers.shift() ?? "ok";
    if (typeof next === "number") {
      return next;
    }
    const bytes = method === "read" && next === "ok" ? { bytes: 100 } : {};
    const fields: Fields = typeof next === "string" ? { status: next, ...bytes } : next;
    return wire.encode(`PackageFs${method.charAt(0).toUpperCase()}${method.slice(1)}Results`, fields);
  };
});

const gone = Refusal.PeerGone;
const path = (): [number, number] => [kernel.guest.put(new TextEncoder().encode("a/b")), 3];
const attach = (): number => kernel.guest.call("attachMemory", service, vmoSlot, 8192n);
const read = (): number => kernel.guest.call("readFile", service, kernel.guest.call("file"), 0n, 100, 0n);

const questions: [name: string, ask: () => number][] = [
  ["open", () => kernel.guest.call("openFile", service, ...path(), kernel.guest.call("file"))],
  ["stat", () => kernel.guest.call("statPath", service, ...path(), kernel.guest.call("stat"))],
  ["info", () => kernel.guest.call("packageInfo", service, kernel.guest.call("info"))],
  ["attach", attach],
];

test.each(questions)("%s is repeated once when the service ended during the call", (name, ask) => {
  answers = [gone, name === "stat" ? "notFound" : "ok"];
  expect(ask()).toBe(name === "stat" ? 3 : 0);
  expect(asked.map(([method]) => method)).toEqual([name, name]);
  asked = [];
  answers = [gone, gone, "ok"];
  expect(ask()).toBe(gone);
  expect(asked).toHaveLength(2);
});

test("the caller's file stays the same through later calls", () => {
  const { guest } = kernel;
  attach();
  answers = [{ status: "ok", file: 17, size: 5000n }];
  expect(guest.call("openFile", service, ...path(), guest.call("file"))).toBe(0);
  expect(read()).toBe(0);
  answers = [{ status: "ok", kind: "file", size: 7n, hash: new Uint8Array(32).fill(0xab) }];
  expect(guest.call("statPath", service, ...path(), guest.call("stat"))).toBe(0);
  expect([guest.call("fileNumber"), guest.call64("fileSize"), guest.call("bytesRead")]).toEqual([
    17,
    5000n,
    100,
  ]);
  expect([guest.call64("statSize"), ...guest.get(guest.call("statHash"), 32)]).toEqual([
    7n,
    ...new Array<number>(32).fill(0xab),
  ]);
});

test("a failed open leaves the caller's file unchanged, and a failed read has read 0 bytes", () => {
  const { guest } = kernel;
  attach();
  answers = [{ status: "ok", file: 17, size: 5000n }, "ok", "notFound", "badFile"];
  expect(guest.call("openFile", service, ...path(), guest.call("file"))).toBe(0);
  expect(read()).toBe(0);
  expect(guest.call("openFile", service, ...path(), guest.call("file"))).toBe(3);
  expect([guest.call("fileNumber"), guest.call64("fileSize"), guest.call("bytesRead")]).toEqual([
    17,
    5000n,
    100,
  ]);
  expect(read()).toBe(statuses.badFile);
  expect(guest.call("bytesRead")).toBe(0);
});

test("when the service has lost the memory, a read attaches the same memory again and is repeated", () => {
  attach();
  asked = [];
  answers = ["notAttached", "ok", "ok"];
  expect(read()).toBe(0);
  expect(asked.map(([method]) => method)).toEqual(["read", "attach", "read"]);
  expect(asked[1]?.[1]).toBe(vmo);
});

test("a read gives the service's reason when the memory cannot be attached again", () => {
  attach();
  answers = ["notAttached", "attachRefused"];
  expect(read()).toBe(statuses.attachRefused);
});

test("a read attaches nothing for a client that never attached memory", () => {
  answers = ["notAttached"];
  expect(read()).toBe(statuses.notAttached);
  expect(asked).toHaveLength(1);
});

test.each([gone, "badFile"])("a lost file is not opened again: the caller gets %s", (answer) => {
  attach();
  asked = [];
  answers = [answer];
  expect(read()).toBe(typeof answer === "number" ? answer : statuses[answer]);
  expect(asked).toHaveLength(1);
  answers = [answer];
  expect(kernel.guest.call("closeFile", service, kernel.guest.call("file"))).toBe(
    typeof answer === "number" ? answer : statuses[answer],
  );
});
