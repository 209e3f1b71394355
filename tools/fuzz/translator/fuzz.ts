// What ./nx fuzz does: it runs random modules in V8 and as RV64, here or in workers, and prints what differs.

import { formatDuration, paintFor } from "../../../host/report.ts";
import { qemuProgram } from "../../boot/machines/qemu.ts";
import { requireQemu } from "../../boot/machines/qemu-facts.ts";
import type { FuzzWords } from "../words.ts";
import { type FuzzResult, fuzz } from "./run.ts";
import { fuzzInWorkers, workersFor } from "./workers.ts";

const BAR_CHARACTERS = 30;
/** Without a terminal, a line is printed after this many percent. */
const LINE_PERCENT = 5;

/** Fuzzes and prints the result. Gives the exit code. */
export async function fuzzWasm(words: FuzzWords): Promise<number> {
  const { seeds = { first: 0, last: 199 }, size, jobs, json } = words;
  await requireQemu(qemuProgram());
  const begin = performance.now();
  const count = seeds.last - seeds.first + 1;
  const workers = Math.min(jobs ?? workersFor(count), count);
  const request = { ...seeds, size, onBatch: progressBar(count, begin) };
  const result = workers > 1 ? await fuzzInWorkers(request, workers) : await fuzz(request);
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : report(result, performance.now() - begin));
  return result.differences.length === 0 ? 0 : 1;
}

/** Shows the progress: a bar on a terminal, a line now and then elsewhere. */
function progressBar(total: number, begin: number): (done: number, differences: number) => void {
  const { stderr } = process;
  let shownPercent = 0;
  return (done, differences) => {
    const percent = Math.floor((100 * done) / total);
    const rate = (1000 * done) / (performance.now() - begin);
    const text = `${done} of ${total} seeds, ${differences} different, ${rate.toFixed(1)} a second`;
    if (stderr.isTTY) {
      const filled = Math.round((BAR_CHARACTERS * done) / total);
      const bar = "█".repeat(filled) + "░".repeat(BAR_CHARACTERS - filled);
      stderr.write(`\r\x1b[K  ${bar}  ${text}${done === total ? "\n" : ""}`);
    } else if (percent >= shownPercent + LINE_PERCENT || done === total) {
      shownPercent = percent;
      stderr.write(`  ${text}\n`);
    }
  };
}

function report({ seeds, calls, differences }: FuzzResult, milliseconds: number): string {
  const paint = paintFor(process.stdout);
  const lines = differences.flatMap(({ seed, size, emission, what, file }) => [
    `${paint.bad("different:")} seed ${seed}, translated ${emission}: ${what}`,
    `  repeat: ./nx fuzz wasm --seeds ${seed} --size ${size}`,
    `  module: ${file}`,
  ]);
  const count =
    differences.length === 0 ? paint.good("no difference") : paint.bad(`${differences.length} different`);
  lines.push(`${count} in ${seeds} seeds, ${calls} calls, ${formatDuration(milliseconds)}`);
  return `${lines.join("\n")}\n`;
}
