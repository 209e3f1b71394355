// The fuzzer's engine: it finds a bug that random bytes would not, repeats itself, makes inputs small, and ends runs that
// do not end by themselves.

import { describe, expect, test } from "vitest";
import { formatLine, parseLine } from "../../../tools/fuzz/engine/corpus.ts";
import { FuzzGuest } from "../../../tools/fuzz/engine/guest.ts";
import { minimize } from "../../../tools/fuzz/engine/minimize.ts";
import { failureOf, runSession, type SessionWords } from "../../../tools/fuzz/engine/session.ts";
import { smallest } from "../../../tools/fuzz/engine/smallest.ts";
import { bytesOf, type Running, type Target } from "../../../tools/fuzz/engine/target.ts";

const INPUT_BYTES_MAX = 64;

/** Guest code with planted bugs: each is behind four bytes, which are compared one after the other. */
const program = `
let calls: u32 = 0;
@inline
function is(at: usize, length: u32, word: string): bool {
  if (length < 4) return false;
  for (let i: u32 = 0; i < 4; i += 1) {
    if (<u32>load<u8>(at + i) !== <u32>load<u16>(changetype<usize>(word) + i * 2)) return false;
  }
  return true;
}
export function read(at: usize, length: u32): u32 {
  calls += 1;
  assert(calls === 1);
  if (is(at, length, "trap")) return load<u8>(at + length);
  if (is(at, length, "hang")) while (true) {}
  return 0;
}
`;

const planted: Target = {
  name: "planted",
  about: "a reader with bugs",
  inputBytesMax: INPUT_BYTES_MAX,
  isText: true,
  start: async (): Promise<Running> => {
    const guest = await FuzzGuest.start({ text: program, inputBytesMax: INPUT_BYTES_MAX, fuel: 1000 });
    return {
      coverage: guest.coverage,
      isWatched: false,
      seeds: [bytesOf("something")],
      dictionary: [],
      run: (input) => {
        guest.begin();
        guest.call("read", guest.place(input), input.length);
      },
    };
  },
};

const words: SessionWords = {
  seed: 3,
  runsMax: 60_000,
  milliseconds: Number.POSITIVE_INFINITY,
  corpus: [],
};

describe("a session", () => {
  test("finds an access behind the input and a loop without end, and makes both inputs small", async () => {
    const { failures, kept } = await runSession(planted, await planted.start(), words);
    const found = new Map(failures.map(({ what, input }) => [Buffer.from(input).toString(), what]));
    expect([...found.keys()].sort()).toEqual(["hang", "trap"]);
    expect(found.get("trap")).toContain("out of bounds");
    expect(found.get("hang")).toContain("does not end after 1000 turns");
    // It came there byte by byte.
    expect(kept.length).toBeGreaterThan(6);
  });

  test("does the same again for the same seed", async () => {
    const first = await runSession(planted, await planted.start(), words);
    const second = await runSession(planted, await planted.start(), words);
    const other = await runSession(planted, await planted.start(), { ...words, seed: 4 });
    const facts = ({ kept, failures, covered }: typeof first): unknown => ({ kept, failures, covered });
    expect(facts(second)).toEqual(facts(first));
    expect(facts(other)).not.toEqual(facts(first));
  });

  test("takes the corpus along: with it, a bug is found at once", async () => {
    const { failures } = await runSession(planted, await planted.start(), {
      ...words,
      runsMax: 2,
      corpus: [bytesOf("trap")],
    });
    expect(failures.map(({ run }) => run)).toEqual([2]);
  });

  test("a run changes nothing for the next one", async () => {
    const running = await planted.start();
    // The guest counts its calls, and refuses the second.
    expect(await failureOf(running, bytesOf("a"))).toBeUndefined();
    expect(await failureOf(running, bytesOf("a"))).toBeUndefined();
  });
});

test("a corpus keeps the shortest inputs that reach everything", async () => {
  const inputs = ["trxxxxx", "trxx", "something", "a"].map(bytesOf);
  const chosen = (await smallest(await planted.start(), inputs)).map((input) =>
    Buffer.from(input).toString(),
  );
  expect(chosen.some((text) => text.startsWith("tr"))).toBe(true);
  expect(chosen).not.toContain("trxxxxx");
});

test("minimizing removes what does not matter", async () => {
  const holds = (input: Uint8Array): boolean => Buffer.from(input).includes("bug");
  expect(Buffer.from(await minimize(bytesOf("a long bugged input"), holds)).toString()).toBe("bug");
});

test("a line of a corpus gives back any bytes", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  expect(parseLine(formatLine(bytes))).toEqual(bytes);
  expect(formatLine(bytesOf("a\\x41\n"))).toBe("a\\x5cx41\\x0a");
  const tricky = bytesOf("\0\0\0{2}\0{");
  expect(formatLine(tricky)).toBe("\\x00{3}\\x7b2}\\x00\\x7b");
  expect(parseLine(formatLine(tricky))).toEqual(tricky);
});
