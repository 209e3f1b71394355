// Turns addresses of the kernel into places in its sources. It remembers them, because an exploration repeats the same
// few.

import type { Locator, Place } from "../../host/debug/locate.ts";

export class Places {
  private readonly locator: Locator;
  private readonly known = new Map<bigint, Place[]>();

  constructor(locator: Locator) {
    this.locator = locator;
  }

  /** The places of an address, innermost inlined function first. */
  at(address: bigint): Place[] {
    const known = this.known.get(address);
    if (known !== undefined) {
      return known;
    }
    const places = this.locator.places(address);
    this.known.set(address, places);
    return places;
  }
}
