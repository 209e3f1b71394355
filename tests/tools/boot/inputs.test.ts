// What a machine is given is judged before it starts, on either machine and for every command that boots one.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatProblem } from "../../../host/print-problem.ts";
import { paintFor } from "../../../host/report.ts";
import { root } from "../../../host/root.ts";
import { decodeRecording, encodeRecording } from "../../../machine/host/recording/recording.ts";
import { DEVELOPMENT_TRUST } from "../../../toolchain/steps/build.ts";
import { requireMachineInputs } from "../../../tools/boot/inputs.ts";
import { faultsOf } from "../../../tools/boot/machines/hostility.ts";
import type { MachineWords } from "../../../tools/boot/words.ts";

const OTHER_USER = 65_534;

const usual: MachineWords = {
  smp: 4,
  disk: true,
  sstc: true,
  translation: true,
  profile: "bringup",
  trust: DEVELOPMENT_TRUST,
};
let folder: string;

function file(name: string, byteCount: number): string {
  const path = join(folder, name);
  closeSync(openSync(path, "w"));
  truncateSync(path, byteCount);
  return path;
}

function verdict(words: Partial<MachineWords>): string {
  try {
    requireMachineInputs({ ...usual, ...words });
  } catch (error) {
    return formatProblem(error, paintFor({}));
  }
  return "it may start";
}

/** Does something as a user who is not asked for less than others: root may read everything. */
function asOtherUser<T>(work: () => T): T {
  const user = process.geteuid?.();
  if (user !== 0) {
    return work();
  }
  process.seteuid?.(OTHER_USER);
  try {
    return work();
  } finally {
    process.seteuid?.(user);
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "neuron-inputs-"));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "folder"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a disk", () => {
  test("of whole sectors is accepted, and so is a run without a disk", () => {
    expect([verdict({ disk: file("whole", 4096) }), verdict({ disk: false }), verdict({})]).toEqual(
      Array(3).fill("it may start"),
    );
  });

  test("that is no disk is refused in one line, which says what to do", () => {
    const said = {
      missing: verdict({ disk: join(folder, "no/disk") }),
      folder: verdict({ disk: join(folder, "folder") }),
      empty: verdict({ disk: file("empty", 0) }),
      odd: verdict({ disk: file("odd", 1000) }),
      device: verdict({ disk: "/dev/zero" }),
    };
    for (const words of Object.values(said)) {
      expect(words).toMatch(/^nx: --disk \S+ cannot be used: .+\ntry: .+$/);
    }
    expect(said.missing).toContain(`there is no folder ${folder}/no`);
    expect(said.folder).toContain("it is no plain file");
    expect(said.empty).toContain("it is empty");
    expect(said.odd).toContain("it has 1000 bytes, and a disk consists of sectors of 512 bytes");
    expect(said.device).toContain("it is no plain file");
  });

  test("that the user may not read is refused", () => {
    const path = file("secret", 4096);
    chmodSync(path, 0);
    expect(asOtherUser(() => verdict({ disk: path }))).toBe(
      `nx: --disk ${path} cannot be used: you have no permission\ntry: change its permissions, or name another one`,
    );
  });

  test("that is too large for a recording is refused before a run with --record", () => {
    const path = file("large", 257 * 2 ** 20);
    expect(verdict({ disk: path })).toBe("it may start");
    expect(verdict({ disk: path, record: "x" })).toContain("a recording holds a disk of up to 256 MiB");
  });

  test.each([["--legacy"], ["--slot", "last"], ["--fault", "late"]])(
    "and --no-disk at once are refused: %s",
    (...words) => {
      const commands = words[0] === "--slot" ? ["boot", "ps"] : ["boot", "ps", "explore"];
      for (const command of commands) {
        const { status, stderr } = spawnSync(join(root, "nx"), [command, "--no-disk", ...words], {
          encoding: "utf8",
        });
        expect([status, stderr]).toEqual([
          2,
          expect.stringMatching(/^nx: --\S+ is about the disk, and .*\ntry: .*\n$/),
        ]);
      }
    },
  );

  test.each([
    ["--machine", "embedded"],
    ["--machine", "qemu"],
    ["--gdb", "0"],
  ])("of a wrong size is refused by boot %s %s", (...words) => {
    const { status, stdout, stderr } = spawnSync(
      join(root, "nx"),
      ["boot", ...words, "--disk", file("odd", 1000)],
      {
        encoding: "utf8",
      },
    );
    expect([status, stdout, stderr]).toEqual([
      2,
      "",
      expect.stringMatching(/^nx: --disk \S+odd cannot be used: /),
    ]);
  });

  test("in a recording has to be of whole sectors too", () => {
    const settings = {
      harts: 1,
      ramMebibytes: 64,
      seed: 0n,
      sstc: true,
      aclint: false,
      kernel: new Uint8Array(8),
      tree: new Uint8Array(8),
      faults: [],
      chaos: 0,
    };
    const withDisk = (byteCount: number): string =>
      encodeRecording({
        settings: {
          ...settings,
          disk: { slot: 0, legacy: false, content: { byteCount, read: (_, target) => target.fill(0) } },
        },
        events: [],
        end: undefined,
        module: "",
      });
    expect(decodeRecording(withDisk(512)).settings.disk?.content.byteCount).toBe(512);
    for (const byteCount of [0, 1000]) {
      expect(() => decodeRecording(withDisk(byteCount))).toThrow(`its disk has ${byteCount} bytes`);
    }
  });
});

test("a file that is no firmware is refused", () => {
  expect(verdict({ firmware: file("firmware", 2 ** 20) })).toBe("it may start");
  expect(verdict({ firmware: join(folder, "folder") })).toContain("it is no plain file");
  expect(verdict({ firmware: file("empty", 0) })).toContain("it is empty");
  expect(verdict({ firmware: file("large", 2 ** 21 + 1) })).toContain(
    "larger than the 2 MiB below the kernel",
  );
});

test("a wrong fault plan is refused, and the message lists the faults", () => {
  writeFileSync(join(folder, "plan"), "used-id@3 # the third\n");
  expect(faultsOf(join(folder, "plan"))).toHaveLength(1);
  expect(() => faultsOf(join(folder, "folder"))).toThrow("it is no plain file");
  expect(() => faultsOf("used-idd")).toThrow(/"used-idd" is neither a fault nor a file: .*used-id/);
});

test.each([
  ["--run", ""],
  ["--run", "nx;;nx"],
  ["--run", "x".repeat(129)],
  ["--run", "a;b;c;d;e"],
  ["--from", ""],
])("explore refuses %s %j, which no guest can run or print", (...words) => {
  const { status, stderr } = spawnSync(join(root, "nx"), ["explore", ...words], { encoding: "utf8" });
  expect([status, stderr]).toEqual([2, expect.stringContaining(`error: option '${words[0]}`)]);
});

test("when the guest refuses a disk, the last line says why", () => {
  const garbage = join(folder, "garbage");
  writeFileSync(garbage, Buffer.alloc(4096, 1));
  const words = ["boot", "--machine", "embedded", "--disk", garbage];
  const { status, stderr } = spawnSync(join(root, "nx"), words, { encoding: "utf8" });
  expect([status, stderr.trimEnd().split("\n").at(-1)]).toEqual([
    1,
    'boot failed: packagefsd ended: exit code 66(NotMounted), after "pkgfs: image refused: not a package image at block 0 of mmio=0x10001000"',
  ]);
});
