// Files that a command will write: tried first, written whole, and a disk that is full takes no run with it.

import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { LineFile, requireFolder, requireOutputs, writeOutput } from "../../host/outputs.ts";
import { formatProblem } from "../../host/print-problem.ts";
import { Problem } from "../../host/problem.ts";
import { paintFor } from "../../host/report.ts";
import { root } from "../../host/root.ts";
import { environmentProblem, pathProblem } from "../../host/system-error.ts";

const top = mkdtempSync(join(tmpdir(), "outputs-"));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(top, "t-"));
});
afterAll(() => rmSync(top, { recursive: true }));

function nx(
  args: readonly string[],
  shell = "exec",
): { status: number | null; stdout: string; stderr: string } {
  const command = `${shell} "$0" "$@"`;
  return spawnSync("/bin/sh", ["-c", command, join(root, "nx"), ...args], { cwd: folder, encoding: "utf8" });
}

/** An error as the operating system makes it. */
function refusal(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: "open", path: "/some/file" });
}

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return formatProblem(error, paintFor({}));
  }
  return "nothing was thrown";
}

describe("checking an output before the work", () => {
  const tried = (file: string): string => messageOf(() => requireOutputs([{ word: "--log", file }]));

  test("says what stands in the way, and what to do", () => {
    writeFileSync(join(folder, "file"), "");
    expect(tried(join(folder, "no/where/x"))).toBe(
      `nx: --log ${folder}/no/where/x cannot be written: there is no folder ${folder}/no/where\n` +
        "try: make that folder, or name another place",
    );
    expect(tried(folder)).toContain("it is a folder\ntry: name a file");
    expect(tried(join(folder, "file/x"))).toContain("a part of its path is not a folder");
    expect(tried(join(folder, "x".repeat(300)))).toContain("its name is too long");
  });

  test("leaves every file as it was", () => {
    const file = join(folder, "there");
    writeFileSync(file, "kept");
    symlinkSync(join(folder, "nothing"), join(folder, "link"));
    for (const name of ["there", "new", "link"]) {
      expect(tried(join(folder, name))).toBe("nothing was thrown");
    }
    expect(readFileSync(file, "utf8")).toBe("kept");
    expect(readdirSync(folder).sort()).toEqual(["link", "there"]);
  });

  test("refuses a file that is also another output or an input, under any name", () => {
    const image = join(folder, "image");
    writeFileSync(image, "image");
    symlinkSync(image, join(folder, "link"));
    const log = { word: "--log", file: join(folder, "link") };
    expect(messageOf(() => requireOutputs([log], [{ word: "--disk", file: image }]))).toContain(
      "--log and --disk are the same file",
    );
    const record = { word: "--record", file: join(folder, "./link") };
    expect(messageOf(() => requireOutputs([log, record]))).toContain("--record and --log are the same file");
  });

  test("allows a device such as /dev/null to be named twice", () => {
    const files = ["--log", "--record"].map((word) => ({ word, file: "/dev/null" }));
    expect(messageOf(() => requireOutputs(files))).toBe("nothing was thrown");
  });

  test("allows a folder to be missing, and does not make it", () => {
    requireFolder({ word: "--keep", file: join(folder, "a/b") });
    requireFolder({ word: "--keep", file: folder });
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(join(folder, "file"), "");
    for (const name of ["file", "file/below"]) {
      expect(messageOf(() => requireFolder({ word: "--keep", file: join(folder, name) }))).toMatch(
        /^nx: --keep \S+ cannot be written: .*\ntry: /,
      );
    }
  });
});

describe("a refusal of the operating system", () => {
  test.each(["EACCES", "EROFS", "ENOSPC", "EDQUOT", "EMFILE", "EIO"])(
    "%s is reported as a problem, not as a bug",
    (code) => {
      const words = formatProblem(refusal(code), paintFor({}));
      expect(words).toMatch(/^nx: cannot use \/some\/file: [^\n]+\ntry: [^\n]+$/);
      expect(pathProblem("cannot write x", "x", refusal(code))).toBeInstanceOf(Problem);
    },
  );

  test("that is not about the user's path stays a bug, as any other error does", () => {
    expect(environmentProblem(refusal("ENOENT"))).toBeUndefined();
    expect(environmentProblem(new Error("oops"))).toBeUndefined();
    const oops = new TypeError("oops");
    expect(pathProblem("cannot write x", "x", oops)).toBe(oops);
  });
});

describe("an output file", () => {
  test("is written whole: over an old one, through a link, or onto a device", () => {
    const file = join(folder, "file");
    writeFileSync(file, "old");
    symlinkSync(file, join(folder, "link"));
    writeOutput({ word: "--record", file: join(folder, "link") }, "new");
    writeOutput({ word: "--record", file: "/dev/null" }, "new");
    expect(readFileSync(file, "utf8")).toBe("new");
    expect(readdirSync(folder).sort()).toEqual(["file", "link"]);
    expect(messageOf(() => writeOutput({ word: "--record", file: "/dev/full" }, "new"))).toBe(
      "nx: --record /dev/full cannot be written: the disk is full\n" +
        "try: make room there, or name a place on another disk",
    );
  });

  test("of lines stops when the disk is full, without ending the command", () => {
    const file = new LineFile({ word: "--log", file: "/dev/full" });
    for (const line of ["one", "two"]) {
      file.write(line);
    }
    file.close();
    expect(formatProblem(file.problem, paintFor({}))).toContain(
      "--log /dev/full cannot be written: the disk is full",
    );
  });
});

describe("a command whose output cannot be written", () => {
  const nowhere = "/nonexistent/x";
  test.each([
    ["boot", ["--machine", "embedded", "--record", nowhere]],
    ["boot", ["--log", nowhere]],
    ["hw", ["smp", "--log", nowhere]],
    ["explore", ["--keep", "/dev/null/x"]],
    ["replay", [nowhere, "--trace", nowhere]],
    ["image", ["build", "--out", "/dev/null", `x=${root}/LICENSE`]],
    ["image", ["build", "--out", "/dev/null/x", `x=${root}/LICENSE`]],
    ["image", ["keygen", "/dev/null/x"]],
    ["image", ["keygen", "keys/"]],
    ["image", ["sign", `${root}/build/pkgfs.img`, "--key", `${root}/keys/development.key`, "--out", nowhere]],
  ])("%s %j says so at once, and says what to do", (command, args) => {
    const { status, stdout, stderr } = nx([command, ...args]);
    expect([stdout, stderr]).toEqual(["", expect.stringMatching(/^nx: [^\n]+\n(try: [^\n]+\n)+$/)]);
    expect(status).toBe(2);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("boot with its files on a full disk gives its verdict, and ends with 1", () => {
    const { status, stdout, stderr } = nx([
      "boot",
      "--machine",
      "embedded",
      "--log",
      "/dev/full",
      "--record",
      "/dev/full",
    ]);
    expect(stdout).toMatch(/booted: .*\n$/);
    expect(stderr).toMatch(
      /nx: --log \/dev\/full .* full\ntry: .*\nnx: --record \/dev\/full .* full\ntry: .*\n$/,
    );
    expect(status).toBe(1);
  });

  test("image build leaves nothing behind when there is no room for the image", () => {
    mkdirSync(join(folder, "in"));
    writeFileSync(join(folder, "in/file"), Buffer.alloc(1 << 20, 1));
    const limited = "trap '' XFSZ; ulimit -f 8; exec";
    const { status, stderr } = nx(["image", "build", "in", "--out", "out.img"], limited);
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^nx: cannot write out\.img: a file must not be/),
    ]);
    expect(readdirSync(folder)).toEqual(["in"]);
  });

  test("image ls says that standard output is full, and image cat is quiet when its reader has gone", () => {
    const full = nx(["image", "ls"], ">/dev/full exec");
    expect([full.status, full.stderr]).toEqual([
      1,
      expect.stringMatching(/^nx: .*the disk is full\ntry: .*\n$/),
    ]);
    const reader = spawnSync("/bin/sh", ["-c", `'${root}/nx' image cat bin/nx | true`], { encoding: "utf8" });
    expect(reader.stderr).toBe("");
  });

  test("boot says so when QEMU needs a temporary folder and there is none; the embedded machine needs none", () => {
    // The stand-in is never started.
    const stand = join(root, "tests/tools/boot/fake-qemu.cjs");
    const without = `TMPDIR=${folder}/none NEURON_QEMU=${stand} exec`;
    const { status, stderr } = nx(["boot", "--machine", "qemu"], without);
    expect([status, stderr]).toEqual([2, expect.stringContaining("the folder for temporary files")]);
    expect(nx(["boot", "--machine", "embedded"], without).status).toBe(0);
    expect(existsSync(join(folder, "none"))).toBe(false);
  });
});
