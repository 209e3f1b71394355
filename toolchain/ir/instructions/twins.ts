// Finds the i32 locals that need a 64-bit twin: those that an address is computed from, and those that such a local is
//
// computed from. During the first walk over a function every request for a twin ends at the locals it would read. A
// request by a memory access is a need; a request by `local.set` is an edge, from the local that is set to those it is
// set from.

export class TwinNeeds {
  private readonly roots = new Set<number>();
  private readonly edges = new Map<number, Set<number>>();
  private current = this.roots;

  /** Notes a request for a local's twin. Gives a placeholder, because the first walk's text is dropped. */
  note(local: number, text: string): string {
    this.current.add(local);
    return text;
  }

  /** A local is set: the twins that `request` asks for are needed only if that local's is. */
  flow(local: number, request: () => void): void {
    let sources = this.edges.get(local);
    if (sources === undefined) {
      sources = new Set();
      this.edges.set(local, sources);
    }
    this.current = sources;
    request();
    this.current = this.roots;
  }

  /** All locals that need a twin. */
  settle(): ReadonlySet<number> {
    const needed = new Set<number>();
    const open = [...this.roots];
    for (let local = open.pop(); local !== undefined; local = open.pop()) {
      if (needed.has(local)) {
        continue;
      }
      needed.add(local);
      open.push(...(this.edges.get(local) ?? []));
    }
    return needed;
  }
}
