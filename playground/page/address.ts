// The address holds all that a run follows from, so a link is a run.
//
//     #v=3f2a91c0&seed=7&harts=4&chaos=switch,weak-stores&faults=late@3&typed=41171524:70730d&at=52000000
//
// `typed` has the bytes that were typed, in hexadecimal, by the clocks at which they came; `at` is the moment that is shown.

import { HARTS_MAX, HARTS_MIN, type Planted, type Setup, type Typed, usualSetup } from "../protocol/setup.ts";

/** Bytes that a link may hold of what was typed. A longer run is for a recording. */
export const TYPED_MAX = 1000;

export interface Address {
  setup: Setup;
  /** The build that made it, if it says. */
  version: string | undefined;
  /** What could not be read, as sentences. */
  complaints: string[];
}

export function readAddress(hash: string): Address {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const complaints: string[] = [];
  const harts = Number(words.get("harts") ?? usualSetup.harts);
  const areHarts = Number.isInteger(harts) && harts >= HARTS_MIN && harts <= HARTS_MAX;
  if (!areHarts) {
    complaints.push(`The link asks for ${words.get("harts")} harts; there are ${HARTS_MIN} to ${HARTS_MAX}.`);
  }
  const at = words.get("at");
  const stopAt = at === null ? undefined : Number(at);
  if (stopAt !== undefined && !Number.isSafeInteger(stopAt)) {
    complaints.push(`The link's moment "${at}" is no number.`);
  }
  return {
    setup: {
      seed: words.get("seed") ?? usualSetup.seed,
      harts: areHarts ? harts : usualSetup.harts,
      chaos: words.get("chaos") ?? "",
      faults: words.get("faults") ?? "",
      typed: readTyped(words.get("typed") ?? "", complaints),
      planted: readPlanted(words.get("planted") ?? "", complaints),
      stopAt: Number.isSafeInteger(stopAt) ? stopAt : undefined,
    },
    version: words.get("v") ?? undefined,
    complaints,
  };
}

/** The address of a run. Undefined if too much was typed for one. */
export function writeAddress(
  version: string,
  { seed, harts, chaos, faults, typed, planted }: Setup,
  at?: number,
): string | undefined {
  if (typed.length > TYPED_MAX) {
    return undefined;
  }
  const words = new URLSearchParams({ v: version, seed, harts: String(harts) });
  for (const [name, value] of [
    ["chaos", chaos],
    ["faults", faults],
    ["typed", typedText(typed)],
    [
      "planted",
      planted
        .map(({ at: clock, hart, register, value: word }) => [clock, hart, register, word].join(":"))
        .join(","),
    ],
    ["at", at === undefined ? "" : String(at)],
  ] as const) {
    if (value !== "") {
      words.set(name, value);
    }
  }
  return `#${words.toString()}`;
}

/** Each run of bytes with one clock, as `clock:text`, with commas between them. */
function typedText(typed: readonly Typed[]): string {
  const parts: { at: number; bytes: number[] }[] = [];
  for (const { at, byte } of typed) {
    const last = parts.at(-1);
    if (last?.at === at) {
      last.bytes.push(byte);
    } else {
      parts.push({ at, bytes: [byte] });
    }
  }
  return parts
    .map(({ at, bytes }) => `${at}:${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`)
    .join(",");
}

function readTyped(text: string, complaints: string[]): Typed[] {
  const typed: Typed[] = [];
  for (const part of text.split(",").filter((each) => each !== "")) {
    const [, at = "", hex = ""] = /^([0-9]{1,15}):((?:[0-9a-f]{2})+)$/.exec(part) ?? [];
    if (hex === "") {
      complaints.push("The link's typed text is damaged.");
      return typed;
    }
    for (let index = 0; index < hex.length; index += 2) {
      typed.push({ at: Number(at), byte: Number.parseInt(hex.slice(index, index + 2), 16) });
    }
  }
  return typed;
}

function readPlanted(text: string, complaints: string[]): Planted[] {
  return text.split(",").flatMap((part) => {
    if (part === "") {
      return [];
    }
    const [, at, hart, register, value] =
      /^([0-9]{1,15}):([0-3]):([0-9]{1,2}):([0-9]{1,20})$/.exec(part) ?? [];
    if (at === undefined || value === undefined) {
      complaints.push("The link's planted bug is damaged.");
      return [];
    }
    return [{ at: Number(at), hart: Number(hart), register: Math.min(32, Number(register)), value }];
  });
}
