// ./nx hw vblk info: the facts that the disk's driver has, and a checksum of the first bytes that it read.

import { Problem } from "../../host/problem.ts";
import { formatTable } from "../../host/report.ts";
import type { MachineWords } from "../boot/words.ts";
import { type Answer, ask, numberValue, textValue } from "./ask.ts";

export interface VblkAnswer {
  sectors: number;
  sectorSize: number;
  /** Bytes of the device's own block. */
  blockSize: number;
  readOnly: boolean;
  /** How many bytes from the start of the disk the checksum covers. */
  firstBytes: number;
  /** `sha256:` and 64 hexadecimal digits. */
  checksum: string;
}

/** Boots, asks and prints. Gives the exit code. */
export async function vblkInfo(words: MachineWords): Promise<0 | 1> {
  if (words.disk === false) {
    throw new Problem("hw vblk info asks for the disk, and --no-disk leaves it out", { exitCode: 2 });
  }
  return await ask(words, "nx hw vblk info", (answers) => {
    const answer = vblkAnswer(answers);
    return words.json ? `${JSON.stringify(answer)}\n` : vblkTable(answer);
  });
}

/** The guest's line as one value. Throws Problem if something is missing or wrong. */
export function vblkAnswer(answers: Answer[]): VblkAnswer {
  const answer = answers.find((one) => one.word === "vblk");
  if (answer === undefined) {
    throw new Problem('the guest\'s answer has no line "nx: vblk sectors=…"');
  }
  const sha256 = textValue(answer, "sha256");
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw new Problem(`the guest says sha256=${sha256}, which is no hash`);
  }
  return {
    sectors: numberValue(answer, "sectors"),
    sectorSize: numberValue(answer, "sector_size"),
    blockSize: numberValue(answer, "block_size"),
    readOnly: numberValue(answer, "read_only") === 1,
    firstBytes: numberValue(answer, "first_bytes"),
    checksum: `sha256:${sha256}`,
  };
}

/** The table for a person. */
export function vblkTable(answer: VblkAnswer): string {
  const bytes = answer.sectors * answer.sectorSize;
  const rows = [
    ["size", `${answer.sectors} sectors of ${answer.sectorSize} bytes (${(bytes / 1024).toFixed(0)} KiB)`],
    ["block", `${answer.blockSize} bytes`],
    ["read-only", answer.readOnly ? "yes" : "no"],
    [`first ${answer.firstBytes} bytes`, answer.checksum],
  ];
  return formatTable([{ heading: "virtio-blk" }, { heading: "" }], rows);
}
