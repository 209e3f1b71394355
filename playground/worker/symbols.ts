// From addresses to places in the sources, for the kernel and for each program of the guest. An ELF file is fetched and read
// when the first address of it is asked for.

import { Locator } from "../../host/debug/locate.ts";
import type { Place } from "../protocol/messages.ts";
import { fetchBytes } from "./files.ts";

/** The name that stands for the kernel among the programs. */
export const KERNEL = "neuron";

/** Return addresses of a stack that are looked up. */
const REMEMBERED_MAX = 20_000;

export class Symbols {
  private readonly locators = new Map<string, Promise<Locator | undefined>>();
  private readonly known = new Map<string, Place[]>();
  private readonly kernel: Uint8Array;
  private readonly programs: readonly string[];

  /** @param programs names of the programs whose files are there */
  constructor(kernel: Uint8Array, programs: readonly string[]) {
    this.kernel = kernel;
    this.programs = programs;
  }

  /** The places of an address, innermost inlined function first; empty if nothing is known. */
  async places(program: string, address: bigint): Promise<Place[]> {
    const key = `${program} ${address}`;
    const known = this.known.get(key);
    if (known !== undefined) {
      return known;
    }
    const locator = await this.locatorOf(program);
    const places = (locator?.places(address) ?? []).map((place) => ({ ...place }));
    if (this.known.size >= REMEMBERED_MAX) {
      this.known.clear();
    }
    this.known.set(key, places);
    return places;
  }

  private locatorOf(program: string): Promise<Locator | undefined> {
    const made = this.locators.get(program) ?? this.open(program);
    this.locators.set(program, made);
    return made;
  }

  private async open(program: string): Promise<Locator | undefined> {
    if (program === KERNEL) {
      return new Locator(this.kernel, "the kernel");
    }
    if (!this.programs.includes(program)) {
      return undefined;
    }
    return new Locator(await fetchBytes(`tasks/${program}.elf`), program);
  }
}
