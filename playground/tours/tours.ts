// The tours, in the order in which they are offered.

import type { Tour } from "./guide.ts";

export const tours: readonly Tour[] = [];
