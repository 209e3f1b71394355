// Addresses of the kernel as places in its sources, remembered: an exploration asks for the same few again and again.

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
