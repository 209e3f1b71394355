// The reader of recordings: a file that someone sends along with a report.
//
// What an input changes is the recording's text without its digest, which the target adds: otherwise a changed file would be
// refused for its digest alone.

import { diskOfBytes } from "../../../machine/host/machine.ts";
import { decodeRecording, encodeRecording } from "../../../machine/host/recording/recording.ts";
import { AnswerCoverage, runningHost } from "../engine/answers.ts";
import { bytesOf, promise, type Target } from "../engine/target.ts";
import { allowsPlain } from "./allows.ts";

const INPUT_BYTES_MAX = 4096;

function sample(): string {
  return encodeRecording({
    module: "0".repeat(64),
    settings: {
      harts: 2,
      ramMebibytes: 128,
      seed: 7n,
      sstc: true,
      aclint: false,
      zbb: true,
      chaos: 3,
      kernel: bytesOf("kernel"),
      tree: bytesOf("tree"),
      disk: { slot: 0, legacy: false, content: diskOfBytes(new Uint8Array(512)) },
      faults: [{ kind: 1, first: 3n, last: 5n }],
    },
    events: [
      { at: 5n, input: 13 },
      { at: 6n, seed: 9n },
      { at: 7n, address: 0x8000_0000, bytes: bytesOf("x") },
      { at: 8n, hart: 1, register: 3, value: 4n },
    ],
    end: { clock: 9n, consoleHash: "c", stateHash: "s" },
  }).replace(/,\s*"digest": "[0-9a-f]{64}"/, "");
}

const words = [
  "null",
  "[]",
  "{}",
  "1e999",
  "-1",
  '"18446744073709551616"',
  "__proto__",
  '"input"',
  '"memory"',
  "true",
  "0.5",
];

export const recording: Target = {
  name: "recording",
  about: "the reader of recordings",
  inputBytesMax: INPUT_BYTES_MAX,
  isText: true,
  start: async () => {
    promise(
      allowsPlain(new AnswerCoverage(), () => decodeRecording(sample())) !== undefined,
      "the sample is no recording",
    );
    return runningHost({
      seeds: [bytesOf(sample())],
      dictionary: words.map(bytesOf),
      run: (input, answers) => {
        const first = allowsPlain(answers, () => decodeRecording(Buffer.from(input).toString("utf8")));
        if (first === undefined) {
          return;
        }
        answers.say("x".repeat(first.events.length));
        const written = encodeRecording(first);
        promise(
          encodeRecording(decodeRecording(written)) === written,
          "what is written reads as something else",
        );
      },
    });
  },
};
