// The tours, in the order in which they are offered.

import { fourHarts } from "./four-harts.ts";
import type { Tour } from "./guide.ts";
import { lostWakeUp } from "./lost-wake-up.ts";
import { oneBlock } from "./one-block.ts";

export const tours: readonly Tour[] = [fourHarts, oneBlock, lostWakeUp];
