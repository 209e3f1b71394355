// The sessions in the documents show places in the sources: the line that gdb quotes is there, a place lies in the function
// that is named, and a frame's line names the function that it calls. A session whose sources have moved is to be taken anew.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { defined } from "../harness/defined.ts";

/** A place as a session shows it. */
interface Place {
  /** The function, without its path. */
  name: string;
  file: string;
  line: number;
  /** The frame's number in a backtrace of gdb. */
  frame: number | undefined;
  /** The line's text, where gdb quotes it. */
  quoted: string | undefined;
}

const ofGdb = /^(?:#(\d+) .*?|.*, )?([\w/-]+) \(.*\) at (?:\.\/)?(source\/[\w./-]+):(\d+)$/;
const ofReport = /^ *([\w/-]+) \((source\/[\w./-]+):(\d+):\d+\)$/;

/** The places of a page in their order, with undefined for every other line. */
function placesOf(page: string): (Place | undefined)[] {
  // Where gdb breaks a line that is too long, it goes on with the place.
  const lines = page.replace(/\n {4}at source\//g, " at source/").split("\n");
  return lines.map((text, index) => {
    const gdb = ofGdb.exec(text);
    const report = ofReport.exec(text);
    if (gdb === null && report === null) {
      return undefined;
    }
    const [path, file, line] = (gdb?.slice(2) ?? report?.slice(1) ?? []).map((part) => defined(part));
    const frame = gdb?.[1] === undefined ? undefined : Number(gdb[1]);
    const quoted = lines[index + 1]?.startsWith(`${line}\t`) ? lines[index + 1]?.split("\t")[1] : undefined;
    const name = defined(defined(path).split("/").at(-1));
    return { name, file: defined(file), line: Number(line), frame, quoted };
  });
}

/** The text of a line. */
function lineOf({ file, line }: Place): string {
  return readFileSync(join(root, file), "utf8").split("\n")[line - 1] ?? "";
}

/** The function, or the label of assembly, that a place lies in. */
function functionAt({ file, line }: Place): string | undefined {
  const begin = file.endsWith(".S") ? /^(\w+):/ : /^(?:export )?function (\w+)/;
  const before = readFileSync(join(root, file), "utf8").split("\n").slice(0, line);
  return begin.exec(before.findLast((text) => begin.test(text)) ?? "")?.[1];
}

/** What is wrong with the places of a page. */
function errorsOf(page: string): string[] {
  const places = placesOf(page);
  return places.flatMap((place, index) => {
    if (place === undefined) {
      return [];
    }
    const where = `${place.file}:${place.line}`;
    const text = lineOf(place);
    const called = places[index - 1];
    const callerFrame = called?.frame === undefined ? undefined : called.frame + 1;
    const isCaller = called !== undefined && place.frame === callerFrame;
    return [
      ...(functionAt(place) === place.name ? [] : [`${where} is not in ${place.name}`]),
      ...(place.quoted === undefined || place.quoted === text ? [] : [`${where} is not "${place.quoted}"`]),
      ...(isCaller && !new RegExp(`\\b${called.name}\\b`).test(text)
        ? [`${where} does not call ${called.name}`]
        : []),
    ];
  });
}

test.each([
  ["docs/hacking.md", 15, 2],
  ["docs/machine.md", 2, 0],
])("the session in %s shows the sources as they are", (file, placesMin, quotedMin) => {
  const page = readFileSync(join(root, file), "utf8");
  const places = placesOf(page).filter((place) => place !== undefined);
  expect(places.length).toBeGreaterThanOrEqual(placesMin);
  expect(places.filter(({ quoted }) => quoted !== undefined).length).toBeGreaterThanOrEqual(quotedMin);
  expect(errorsOf(page)).toEqual([]);
});

test("a place that has moved is found", () => {
  const moved = `Thread 1 hit Breakpoint 1, neuron/ipc/call/call (hart=1, deadline=<optimized out>)
    at source/kernel/neuron/src/ipc/call.ts:1
1\tnothing
#0  systemCall () at ./source/runtime/syscall.S:9
#1  0x0000000000010652 in runtime/ipc/call (endpoint=3, …) at source/runtime/ipc.ts:17
  leaveIdle (source/kernel/neuron/src/trap.ts:1:2)
`;
  expect(errorsOf(moved)).toEqual([
    "source/kernel/neuron/src/ipc/call.ts:1 is not in call",
    'source/kernel/neuron/src/ipc/call.ts:1 is not "nothing"',
    "source/runtime/syscall.S:9 is not in systemCall",
    "source/runtime/ipc.ts:17 does not call systemCall",
    "source/kernel/neuron/src/trap.ts:1 is not in leaveIdle",
  ]);
});
