// The judge of mappings refuses what the kernel refuses.

import { expect, test } from "vitest";
import { pageBytes, Refusal, Right } from "../abi.ts";
import { mapRefusal } from "./mapping.ts";

const asked = { address: 0x1000_0000, offset: 0, bytes: pageBytes, rights: Right.Read };
const allowed = { rights: Right.Read | Right.Write, bytes: pageBytes };

test.each([
  ["what is allowed", {}, 0],
  ["a right that the capability has not", { rights: Right.Read | Right.Execute }, Refusal.MissingRight],
  ["writing without reading", { rights: Right.Write }, Refusal.BadArgument],
  ["an address in a page", { address: 0x1000_0008 }, Refusal.BadArgument],
  ["nothing", { bytes: 0 }, Refusal.BadArgument],
  ["more than there is", { bytes: 2 * pageBytes }, Refusal.BadArgument],
  ["what is mapped already", { address: 0x2000_0000 }, Refusal.Overlap],
])("%s", (_, change, refusal) => {
  const others = [{ address: 0x2000_0000, bytes: pageBytes }];
  expect(mapRefusal({ ...asked, ...change }, allowed, others)).toBe(refusal);
});
