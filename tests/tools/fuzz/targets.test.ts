// Every target: the corpus of the repository, then some thousand new inputs. `./nx fuzz TARGET --minutes N` runs more.

import { statSync } from "node:fs";
import { expect, test } from "vitest";
import { corpusFile, readCorpus } from "../../../tools/fuzz/engine/corpus.ts";
import { runSession } from "../../../tools/fuzz/engine/session.ts";
import { targets } from "../../../tools/fuzz/targets/all.ts";

const CORPUS_FILE_BYTES_MAX = 100_000;
const RUNS = 4000;
const SLOW_RUNS = 600;
const seed = Number(process.env.NEURON_TEST_SEED ?? 1);

test.each(targets.map((target) => [target.name, target] as const))(
  "%s: no input of the corpus or of a short session fails",
  { timeout: 300_000 },
  async (name, target) => {
    const corpus = readCorpus(name);
    expect(corpus.length).toBeGreaterThan(0);
    expect(statSync(corpusFile(name)).size).toBeLessThan(CORPUS_FILE_BYTES_MAX);
    const running = await target.start();
    const session = {
      seed,
      runsMax: target.isSlow ? SLOW_RUNS : RUNS,
      milliseconds: Number.POSITIVE_INFINITY,
      corpus,
    };
    const { failures, covered, kept } = await runSession(target, running, session);
    expect(failures.map(({ what, input }) => ({ what, input: Buffer.from(input).toString("hex") }))).toEqual(
      [],
    );
    expect(covered).toBeGreaterThan(0);
    expect(kept.length).toBeGreaterThan(0);
  },
);
