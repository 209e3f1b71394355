// Turns addresses of the kernel into places in its sources. It remembers them, because an exploration repeats the same
// few. Most seeds ask for none, so the debug information is read at the first question.

import type { Locator, Place } from "../../host/debug/locate.ts";

export class Places {
  private readonly open: () => Locator;
  private locator: Locator | undefined;
  private readonly known = new Map<bigint, Place[]>();

  /** @param open reads the kernel's debug information */
  constructor(open: () => Locator) {
    this.open = open;
  }

  /** The places of an address, innermost inlined function first. */
  at(address: bigint): Place[] {
    const known = this.known.get(address);
    if (known !== undefined) {
      return known;
    }
    this.locator ??= this.open();
    const places = this.locator.places(address);
    this.known.set(address, places);
    return places;
  }
}
