// What the attacks share: a machine is booted with `nexus,run = "attacker <what>"`, and what the attacker
// (source/apps/attacker) says of each attempt becomes a table. Which outcome is the right one stands in the tests, and it
// is the same everywhere: on QEMU, and on the embedded machine as hostile as it can be.

import { expect } from "vitest";
import type { BootReport, BootRequest } from "../../tools/boot/run.ts";
import { defined } from "../harness/defined.ts";
import type { Boot } from "../system/harness/each-machine.ts";
import { explain } from "../system/harness/machine.ts";

const ATTEMPT = /^attack: (.+) = (.*)$/;
/** The attacker's last line. */
const END = "attack: end";

/** A record of the audit trail, as `nx audit` tells it. */
export interface AuditLine {
  readonly kind: string;
  readonly what: string;
  /** Number and generation, as `5` or `5.2`; or `-`. */
  readonly task: string;
  readonly times: number;
}

/** An attack's run: each attempt with what came of it, and the report of the boot. */
export class Attack {
  readonly report: BootReport;
  private readonly outcomes = new Map<string, string>();

  constructor(report: BootReport) {
    this.report = report;
    for (const line of report.lines) {
      const [, attempt, outcome] = ATTEMPT.exec(line) ?? [];
      if (attempt !== undefined && outcome !== undefined) {
        this.outcomes.set(attempt, outcome);
      }
    }
  }

  /** Fails unless each attempt of the table was made, and had that outcome. */
  expect(table: Readonly<Record<string, string | number>>): void {
    const found = Object.keys(table).map((attempt) => [attempt, this.outcomes.get(attempt)]);
    const due = Object.entries(table).map(([attempt, outcome]) => [attempt, String(outcome)]);
    expect(found, explain(this.report)).toEqual(due);
  }

  /** The audit trail, if the run ended with `nx audit`: each record's kind, and what it says. */
  trail(): AuditLine[] {
    return this.report.lines.flatMap((line) => {
      const [, task, times, kind, what] = / task=(\S+) times=(\d+) kind=(\S+) .*what=(\S*)/.exec(line) ?? [];
      if (task === undefined || kind === undefined || what === undefined) {
        return [];
      }
      return [{ kind, what: decodeURIComponent(what), task, times: Number(times) }];
    });
  }

  /** The outcome of an attempt that was made, as a number. */
  number(attempt: string): number {
    return Number(defined(this.outcomes.get(attempt), attempt));
  }
}

/**
 * Lets the attacker loose on a machine, and then runs the commands of `andThen` ("; nx audit").
 *
 * @throws with the console if it did not come to its end, if the kernel panicked, or if the run failed otherwise
 */
export async function attack(
  boot: Boot,
  what: string,
  { andThen = "", ...change }: Partial<BootRequest> & { andThen?: string } = {},
): Promise<Attack> {
  const report = await boot({ run: `attacker ${what}${andThen}`, ...change });
  if (!report.lines.includes(END) || !report.ok) {
    throw new Error(explain(report));
  }
  return new Attack(report);
}
