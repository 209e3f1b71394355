// What the command line prints: problems, tables, durations.

import { describe, expect, test } from "vitest";
import { formatDiagnostic, formatProblem } from "../../host/print-problem.ts";
import { Problem } from "../../host/problem.ts";
import { formatDuration, formatTable, paintFor, progressOn } from "../../host/report.ts";

const plain = paintFor({ isTTY: false });

describe("a problem", () => {
  test("says what happened, then to what, then what to try", () => {
    const problem = new Problem("QEMU is not installed", {
      subject: "qemu-system-riscv64",
      hints: ["apt-get install qemu-system-misc"],
      output: "line 1\nline 2\n",
    });
    expect(formatProblem(problem, plain)).toBe(
      [
        "nx: QEMU is not installed (qemu-system-riscv64)",
        "  | line 1",
        "  | line 2",
        "try: apt-get install qemu-system-misc",
      ].join("\n"),
    );
  });

  test("does not repeat a subject that its sentence names", () => {
    const problem = new Problem("main.ts does not compile", { subject: "main.ts" });
    expect(formatProblem(problem, plain)).toBe("nx: main.ts does not compile");
  });

  test("shows twenty findings and counts the rest", () => {
    const diagnostics = Array.from({ length: 23 }, (_, index) => ({
      severity: "error" as const,
      message: `finding ${index}`,
    }));
    const lines = formatProblem(new Problem("no", { diagnostics }), plain).split("\n");
    expect(lines).toHaveLength(22);
    expect(lines.at(-1)).toBe("… and 3 more");
  });

  test("that is another error than Problem is called a bug, and shows its stack", () => {
    expect(formatProblem(new TypeError("oops"), plain)).toMatch(/bug in the tools\nTypeError: oops\n +at /);
  });
});

test("a diagnostic points at its column, also in a line with tabs", () => {
  const text = "\tlet x = missing;";
  const place = { file: "source/a.ts", line: 12, column: 10, text };
  expect(formatDiagnostic({ severity: "error", message: "Cannot find name.", place }, plain)).toBe(
    ["source/a.ts:12:10: error: Cannot find name.", `    12 | ${text}`, "       | \t        ^"].join("\n"),
  );
});

test("a table aligns its columns, numbers to the right", () => {
  const columns = [{ heading: "hart" }, { heading: "ticks", align: "right" as const }];
  const rows = [
    ["0", "7"],
    ["boot hart", "12345"],
  ];
  expect(formatTable(columns, rows)).toBe("hart       ticks\n0              7\nboot hart  12345\n");
});

test("durations keep three digits", () => {
  expect([4, 420, 12_340, 125_000].map(formatDuration)).toEqual(["0.00 s", "0.42 s", "12.3 s", "2 min 5 s"]);
});

test("without a terminal, progress is one line for each step that ended, without control characters", () => {
  const written: string[] = [];
  const stream = Object.assign(Object.create(process.stderr), {
    isTTY: false,
    write: (text: string) => written.push(text) > 0,
  });
  const progress = progressOn(stream);
  const endFirst = progress.start("first");
  const endSecond = progress.start("second");
  endSecond("detail");
  endFirst();
  expect(written.map((line) => line.replace(/ *[\d.]+ s/, "T"))).toEqual([
    "T  second  detail\n",
    "T  first\n",
  ]);
});
