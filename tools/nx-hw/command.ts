// ./nx hw, ./nx ps and ./nx audit: questions about the machine, which boot a guest to answer them.

import type { Command } from "commander";
import { addMachineOptions } from "../boot/options.ts";
import type { MachineWords } from "../boot/words.ts";
import type { QuestionName } from "./rows.ts";

/** Every question whose answer is rows: its words, its description, and its name in rows.ts. */
const asked: readonly (readonly [words: string, description: string, name: QuestionName])[] = [
  ["hw dt", "the device tree as the kernel found it", "dt"],
  ["hw sbi", "the firmware below the kernel", "sbi"],
  ["hw irq", "the interrupts that a task waits for", "irq"],
  ["ps", "boot a machine and ask the guest for its tasks", "ps"],
  ["jobs", "boot a machine and ask the guest what each program may have, and has", "jobs"],
  ["audit", "boot a machine and ask the guest for its audit trail", "audit"],
];

export function register(program: Command): void {
  const hw = program.command("hw").description("boot a machine and ask the guest about its hardware");
  addMachineOptions(
    hw.command("smp").description("the harts that are online, with their ticks and interrupts"),
  ).action(async (words: MachineWords) => {
    const { smp } = await import("./smp.ts");
    process.exitCode = await smp(words);
  });

  const vblk = hw.command("vblk").description("the virtio disk");
  addMachineOptions(vblk.command("info").description("its size, and a checksum of its first bytes")).action(
    async (words: MachineWords) => {
      const { vblkInfo } = await import("./vblk.ts");
      process.exitCode = await vblkInfo(words);
    },
  );

  for (const [path, description, name] of asked) {
    const [first = "", second] = path.split(" ");
    const command = second === undefined ? program.command(first) : hw.command(second);
    addMachineOptions(command.description(description)).action(async (words: MachineWords) => {
      const { question } = await import("./question.ts");
      process.exitCode = await question(name, words);
    });
  }
}
