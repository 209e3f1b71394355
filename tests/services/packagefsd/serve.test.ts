// The methods of package_fs.capnp: what each answers, what each refuses, and that no client can reach another client's data.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { imageHash } from "../../../host/pkgimg/hash.ts";
import { defined } from "../../harness/defined.ts";
import { FakeNotification, FakeVmo, Right } from "../../harness/fake-kernel/kernel.ts";
import { BLOCK_BYTES, hello, image, odd, partsOf, sameBytes } from "./images.ts";
import { type Client, type Running, start } from "./running.ts";
import type { Fields } from "./wire.ts";

const { kernel, client }: Running = await start(image);
const CLIENTS_MAX = 8;
const FILES_MAX = 16;
const FILE_COUNT = 25;
/** More than the service's static memory, which is the first of its memory. */
const STATIC_BYTES = 1 << 20;

/** A badge that no other test uses. */
let badges = 100;
function newClient(): Client {
  badges++;
  return client(badges);
}

describe("open, stat, read, close", () => {
  test("a file can be opened, read in parts and closed", () => {
    const one = newClient();
    const vmo = one.attach(4 * BLOCK_BYTES);
    const { status, file, size } = one.call("open", { path: "fixtures/odd" });
    expect({ status, size }).toEqual({ status: "ok", size: BigInt(odd.length) });
    for (const [offset, length] of [
      [0, odd.length],
      [1, 10],
      [BLOCK_BYTES - 1, 2],
      [BLOCK_BYTES - 1, BLOCK_BYTES + 2],
      [odd.length - 1, 1],
    ] as const) {
      const { status, content } = one.read(vmo, Number(file), offset, length, 64);
      expect(status).toBe("ok");
      expect(sameBytes(content, odd.subarray(offset, offset + length))).toBe(true);
    }
    expect(one.call("close", { file: Number(file) }).status).toBe("ok");
    expect(one.call("close", { file: Number(file) }).status).toBe("badFile");
    expect(one.read(vmo, Number(file), 0, 1).status).toBe("badFile");
  });

  test("a read over the end of a file gives fewer bytes, and one after the end gives none", () => {
    const one = newClient();
    const vmo = one.attach(4 * BLOCK_BYTES);
    const file = one.open("fixtures/odd");
    expect(one.read(vmo, file, odd.length - 5, 100).content).toHaveLength(5);
    expect(one.read(vmo, file, odd.length, 100)).toMatchObject({ status: "ok", content: { length: 0 } });
    const behind = { file, offset: 0xffff_ffff_ffff_ffffn, length: 100, into: 0n };
    expect(one.call("read", behind)).toEqual({ status: "ok", bytes: 0 });
    expect(one.read(vmo, one.open("empty"), 0, 100)).toMatchObject({ status: "ok", content: { length: 0 } });
  });

  test("a read writes only the bytes that were asked for", () => {
    const one = newClient();
    const vmo = one.attach(BLOCK_BYTES);
    vmo.content.fill(0xab);
    one.read(vmo, one.open("fixtures/hello.txt"), 2, 5, 100);
    const wanted = new Uint8Array(BLOCK_BYTES).fill(0xab);
    wanted.set(hello.subarray(2, 7), 100);
    expect(sameBytes(vmo.content, wanted)).toBe(true);
  });

  test("stat distinguishes files, with their hash, from directories", async () => {
    const one = newClient();
    expect(one.call("stat", { path: "fixtures/hello.txt" })).toEqual({
      status: "ok",
      kind: "file",
      size: BigInt(hello.length),
      hash: new Uint8Array(imageHash(hello)),
    });
    const directory = { status: "ok", kind: "directory", size: 0n, hash: new Uint8Array() };
    for (const path of ["", "many", "many/00", "many/00/below"]) {
      expect(one.call("stat", { path })).toEqual(directory);
    }
  });

  test.each([
    ["nowhere", "notFound"],
    ["fixtures/hello.tx", "notFound"],
    ["fixtures/hello.txt/below", "notFound"],
    ["many/0", "notFound"],
    ["/fixtures/hello.txt", "badPath"],
    ["fixtures/", "badPath"],
    ["fixtures//hello.txt", "badPath"],
    ["fixtures/../fixtures/hello.txt", "badPath"],
    ["./fixtures", "badPath"],
    ["pkg://fixtures/hello.txt", "badPath"],
    ["a\nb", "badPath"],
    ["x".repeat(256), "badPath"],
    ["x".repeat(4000), "badPath"],
    ["x".repeat(255), "notFound"],
  ])("every method refuses the path %j with %s", (path, status) => {
    const one = newClient();
    expect(one.call("open", { path })).toEqual({ status, file: 0, size: 0n });
    expect(one.call("stat", { path }).status).toBe(status);
    expect(one.call("list", { path }).status).toBe(status);
  });

  test("a path that is not UTF-8 is refused", () => {
    const one = newClient();
    const bytes = encoded("open", { path: "fixtures/????" });
    bytes.set([0xc0, 0xaf, 0xff, 0xfe], Buffer.from(bytes).indexOf("????"));
    expect(status(one.raw({ w0: 0n, bytes }))).toBe("badPath");
  });

  test("a directory cannot be opened", () => {
    expect(newClient().call("open", { path: "many" }).status).toBe("notAFile");
    expect(newClient().call("open", { path: "" }).status).toBe("notAFile");
  });

  test("nothing of a path that is too long is copied", () => {
    const path = "y".repeat(4000);
    expect(newClient().call("stat", { path }).status).toBe("badPath");
    expect(Buffer.from(kernel.guest.bytes().subarray(0, STATIC_BYTES)).includes("y".repeat(20))).toBe(false);
  });

  test("what lies at address 0 is no client", async () => {
    const running = await start(image);
    const stranger = running.client(1);
    running.kernel.guest.bytes().fill(1, 0, 1024);
    const file = 0x0101_0101;
    expect(stranger.call("close", { file }).status).toBe("badFile");
    expect(stranger.call("read", { file, length: 1 }).status).toBe("badFile");
  });

  test("a client can open as many files as the contract says", () => {
    const one = newClient();
    const files = Array.from({ length: FILES_MAX }, () => one.open("fixtures/hello.txt"));
    expect(new Set(files).size).toBe(FILES_MAX);
    expect(one.call("open", { path: "fixtures/hello.txt" }).status).toBe("tooManyFiles");
    expect(one.call("close", { file: defined(files[7]) }).status).toBe("ok");
    const again = one.open("fixtures/hello.txt");
    // The next file that is opened does not get the number of the closed one.
    expect(files).not.toContain(again);
    for (const file of [defined(files[7]), 0, 7, 0xffff_ffff]) {
      expect(one.call("close", { file }).status).toBe("badFile");
    }
    expect(one.call("close", { file: again }).status).toBe("ok");
  });
});

describe("where a read may write", () => {
  test.each([
    [0n, 4096, "ok"],
    [1n, 4095, "ok"],
    [1n, 4096, "outOfMemoryObject"],
    [4096n, 1, "outOfMemoryObject"],
    [4096n, 0, "ok"],
    [4097n, 0, "outOfMemoryObject"],
    [0xffff_ffff_ffff_ffffn, 1, "outOfMemoryObject"],
    [0xffff_ffff_ffff_f000n, 4096, "outOfMemoryObject"],
    [0x1_0000_0000n, 1, "outOfMemoryObject"],
    [0n, 131_073, "badLength"],
    [0n, 0xffff_ffff, "badLength"],
  ])("into %s, length %s: %s", (into, length, wanted) => {
    const one = newClient();
    one.attach(BLOCK_BYTES);
    const file = one.open("fixtures/odd");
    expect(one.call("read", { file, offset: 0n, length, into }).status).toBe(wanted);
  });

  test("the limit is the attached length, not the memory object's size", () => {
    const one = newClient();
    const vmo = new FakeVmo(2 * BLOCK_BYTES);
    const rights = Right.Read | Right.Write;
    expect(one.call("attach", { bytes: 100n }, { object: vmo, rights }).status).toBe("ok");
    const file = one.open("fixtures/odd");
    expect(one.read(vmo, file, 0, 100).status).toBe("ok");
    expect(one.read(vmo, file, 0, 101).status).toBe("outOfMemoryObject");
  });

  test("without attached memory, a read is refused", () => {
    const one = newClient();
    const file = one.open("fixtures/odd");
    expect(one.call("read", { file, offset: 0n, length: 1, into: 0n }).status).toBe("notAttached");
  });

  test("memory that cannot be attached is refused, and the memory from before is released", () => {
    const one = newClient();
    const vmo = new FakeVmo(BLOCK_BYTES);
    const rights = Right.Read | Right.Write;
    const attempts = [
      one.call("attach", { bytes: 4096n }),
      one.call("attach", { bytes: 4097n }, { object: vmo, rights }),
      one.call("attach", { bytes: 0n }, { object: vmo, rights }),
      one.call("attach", { bytes: 0xffff_ffff_ffff_ffffn }, { object: vmo, rights }),
      one.call("attach", { bytes: 4096n }, { object: vmo, rights: Right.Read }),
      one.call("attach", { bytes: 4096n }, { object: new FakeNotification(), rights: Right.All }),
      one.call("attach", { bytes: 0x100_0001n }, { object: new FakeVmo(0x100_2000), rights }),
    ];
    expect(attempts.map(({ status }) => status)).toEqual(attempts.map(() => "attachRefused"));

    one.attach(BLOCK_BYTES);
    const file = one.open("fixtures/odd");
    one.call("attach", { bytes: 4096n }, { object: vmo, rights: Right.Read });
    expect(one.call("read", { file, offset: 0n, length: 1, into: 0n }).status).toBe("notAttached");
  });

  test("an attach without a capability leaves the memory from before", () => {
    const one = newClient();
    const vmo = one.attach(BLOCK_BYTES);
    expect(one.call("attach", { bytes: 4096n }).status).toBe("attachRefused");
    expect(one.read(vmo, one.open("fixtures/odd"), 0, 10).status).toBe("ok");
  });

  test("a capability that comes with any other message is not kept", () => {
    const one = newClient();
    one.attach(BLOCK_BYTES);
    const before = kernel.slots.size;
    for (const method of ["open", "stat", "read", "list", "close", "attach", "info", "share"]) {
      const object = new FakeVmo(BLOCK_BYTES);
      one.call(method, {}, { object, rights: Right.All });
    }
    expect(kernel.slots.size).toBe(before);
  });
});

describe("list", () => {
  function everything(one: Client, path: string): Fields[] {
    const entries: Fields[] = [];
    let cursor = 0;
    for (let page = 0; page < 10; page++) {
      const results = one.call("list", { path, cursor });
      expect(results.status).toBe("ok");
      if (Array.isArray(results.entries)) {
        entries.push(...results.entries);
      }
      cursor = Number(results.next);
      if (cursor === 0) {
        return entries;
      }
    }
    throw new Error("the list does not end");
  }

  test("the root, and a directory of more than one page", () => {
    const one = newClient();
    expect(everything(one, "")).toEqual([
      { name: "bin", kind: "directory", size: 0n },
      { name: "empty", kind: "file", size: 0n },
      { name: "fixtures", kind: "directory", size: 0n },
      { name: "many", kind: "directory", size: 0n },
    ]);
    expect(everything(one, "many")).toEqual(
      Array.from({ length: 20 }, (_, i) => ({
        name: String(i).padStart(2, "0"),
        kind: i % 3 === 0 ? "directory" : "file",
        size: i % 3 === 0 ? 0n : BigInt(i * 10),
      })),
    );
    expect(everything(one, "many/03")).toEqual([{ name: "below", kind: "directory", size: 0n }]);
  });

  test("a file cannot be listed, and a cursor that no page has given is refused", () => {
    const one = newClient();
    expect(one.call("list", { path: "empty" }).status).toBe("notADirectory");
    const { next } = one.call("list", { path: "many" });
    expect(one.call("list", { path: "many", cursor: Number(next) }).status).toBe("ok");
    // Before the directory, in the middle of many/03, after the last entry, and further.
    for (const cursor of [1, 4, 8, FILE_COUNT, FILE_COUNT + 1, 0xffff_ffff]) {
      expect(one.call("list", { path: "many", cursor }).status).toBe("badCursor");
    }
    expect(one.call("list", { path: "fixtures", cursor: Number(next) }).status).toBe("badCursor");
  });
});

describe("several clients", () => {
  test("no client can use another's files or memory", () => {
    const [one, other] = [newClient(), newClient()];
    const vmo = one.attach(BLOCK_BYTES);
    const otherVmo = other.attach(BLOCK_BYTES);
    const file = one.open("fixtures/hello.txt");
    expect(other.read(otherVmo, file, 0, 10).status).toBe("badFile");
    expect(other.call("close", { file }).status).toBe("badFile");
    other.open("fixtures/odd");
    expect(one.read(vmo, file, 0, hello.length).content).toEqual(hello);
    expect(sameBytes(otherVmo.content, new Uint8Array(BLOCK_BYTES))).toBe(true);
  });

  test("when there are too many, the one that asked least recently has to start again", () => {
    const all = Array.from({ length: CLIENTS_MAX }, newClient);
    const files = all.map((each) => each.open("fixtures/hello.txt"));
    const vmos = all.map((each) => each.attach(BLOCK_BYTES));
    // The first one asks again, so the second has asked least recently.
    expect(all[0]?.read(vmos[0] as FakeVmo, defined(files[0]), 0, 5).status).toBe("ok");
    const late = newClient();
    const lateVmo = late.attach(BLOCK_BYTES);
    expect(late.read(lateVmo, late.open("fixtures/hello.txt"), 0, hello.length).content).toEqual(hello);
    const statuses = all.map((each, i) => each.read(vmos[i] as FakeVmo, defined(files[i]), 0, 5).status);
    expect(statuses).toEqual(statuses.map((_, i) => (i === 1 ? "badFile" : "ok")));
  });

  test("a client that only calls stat, list or info takes no place", () => {
    const one = newClient();
    const file = one.open("fixtures/hello.txt");
    for (let i = 0; i < 2 * CLIENTS_MAX; i++) {
      const guest = newClient();
      guest.call("info");
      guest.call("stat", { path: "bin/large" });
      guest.call("list", { path: "" });
      guest.call("read", { file });
      guest.call("close", { file });
    }
    expect(one.call("close", { file }).status).toBe("ok");
  });
});

test("a place that is free is no client's, not even that of badge 0", async () => {
  const running = await start(image);
  const clients = Array.from({ length: CLIENTS_MAX }, (_, i) => running.client(i + 1));
  const files = clients.slice(0, -1).map((each) => each.open("fixtures/odd"));
  running.client(0).call("close", { file: 1 });
  defined(clients.at(-1)).open("fixtures/odd");
  const closed = files.map((file, i) => clients[i]?.call("close", { file }).status);
  expect(closed).toEqual(files.map(() => "ok"));
});

describe("info, and messages that the contract does not have", () => {
  test("info says what is mounted", () => {
    expect(newClient().call("info")).toMatchObject({
      status: "ok",
      source: "disk",
      files: FILE_COUNT,
      blocks: partsOf(image).count,
      blockSize: BLOCK_BYTES,
      version: 4,
    });
  });

  test("unknown methods are refused, also with numbers of more than 32 bits", () => {
    for (const w0 of [8n, 99n, 0x1_0000_0000n, 0xffff_ffff_ffff_ffffn]) {
      expect(status(newClient().raw({ w0, bytes: encoded("info", {}) }))).toBe("unknownMethod");
    }
  });

  test("a truncated message is refused", () => {
    const methods = ["open", "stat", "read", "list", "close", "attach", "info", "share"];
    for (const [ordinal, method] of methods.entries()) {
      const bytes = encoded(method, {});
      for (const length of [0, 8, bytes.length - 8]) {
        const answer = newClient().raw({ w0: BigInt(ordinal), bytes: bytes.subarray(0, length) });
        expect(status(answer)).toBe("badMessage");
      }
    }
  });

  test("any bytes get an answer", () => {
    const one = newClient();
    one.attach(BLOCK_BYTES);
    fc.assert(
      fc.property(fc.nat(7), fc.uint8Array({ maxLength: 64, minLength: 16 }), (ordinal, noise) => {
        const bytes = noise.slice(0, noise.length & ~7);
        // A valid frame and root pointer, so that more of the noise is read.
        new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length / 8 - 1) << 32n, true);
        const answer = one.raw({ w0: BigInt(ordinal), bytes });
        expect(answer.length).toBeGreaterThanOrEqual(24);
      }),
      { numRuns: 500 },
    );
  });
});

/** The parameters of a method. */
function encoded(method: string, fields: Fields): Uint8Array {
  return client(0).encode(method, fields);
}

/** The status of any answer. */
function status(answer: Uint8Array): unknown {
  return client(0).decode("attach", answer).status;
}
