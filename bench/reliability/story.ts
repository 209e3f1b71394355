// What the console of a run of apps/chaos tells: how often services ended, how long they were away, and what was wrong.

/** A line of the console, and when it was complete, in milliseconds of the guest's time. Not known on QEMU. */
export interface TimedLine {
  readonly text: string;
  readonly at: number | undefined;
}

export interface Story {
  /** How often a service ended. */
  readonly ends: number;
  /** The longest time from when a service was due to start until it served, in milliseconds. */
  readonly longest: number | undefined;
  /** What was wrong: bytes, a read that did not recover, memory that is gone. Undefined if nothing was. */
  readonly problem: string | undefined;
}

/** By which line each service says that it serves. */
const serves: ReadonlyMap<string, string> = new Map([
  ["virtioblkd", "virtioblkd: ready"],
  ["packagefsd", "pkgfs: mounted from virtio-blk ro"],
  ["consoled", "consoled: uart="],
  ["nx", "nx: shell ("],
]);
/** Behind what the shell was about to print, if it is the shell that ended. */
const ENDED = /nexus-init: (\w+) ended: it was killed; started again in (\d+) ms$/;
const VERDICT = /^chaos: ok rounds=(\d+)(?:.* free_before=(\d+) free_after=(\d+))?$/;

/** @param rounds how many the run was told to make */
export function storyOf(lines: readonly TimedLine[], rounds: number): Story {
  return { ...endsOf(lines), problem: problemOf(lines, rounds) };
}

/** How often something ended, and how long it was away. */
export function endsOf(lines: readonly TimedLine[]): Pick<Story, "ends" | "longest"> {
  const due = new Map<string, number>();
  let ends = 0;
  let longest: number | undefined;
  for (const { text, at } of lines) {
    const [, fallen, pause] = ENDED.exec(text) ?? [];
    if (fallen !== undefined) {
      ends += 1;
      due.set(fallen, (at ?? 0) + Number(pause));
    }
    const up = [...serves].find(([, line]) => text.includes(line))?.[0];
    const time = up === undefined ? undefined : due.get(up);
    if (up !== undefined && time !== undefined) {
      due.delete(up);
      longest = at === undefined ? undefined : Math.max(longest ?? 0, at - time);
    }
  }
  return { ends, longest };
}

function problemOf(lines: readonly TimedLine[], rounds: number): string | undefined {
  const givenUp = lines.find(({ text }) => text.includes("; given up"));
  if (givenUp !== undefined) {
    return givenUp.text;
  }
  const verdict = lines.map(({ text }) => VERDICT.exec(text)).find((match) => match !== null);
  if (verdict === null || verdict === undefined) {
    return lines.findLast(({ text }) => text.startsWith("chaos:"))?.text ?? "it did not come to its end";
  }
  const [, made, before, after] = verdict;
  if (Number(made) !== rounds) {
    return `${made} rounds instead of ${rounds}`;
  }
  return before !== undefined && BigInt(after ?? 0) < BigInt(before)
    ? `${before} bytes were free before, ${after} after`
    : undefined;
}
