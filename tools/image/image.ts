// ./nx image: the package image, made and looked into on the host.

import type { Command } from "commander";

const imageDefault = "the disk's, build/pkgfs.img, if left out";

export function register(program: Command): void {
  const image = program.command("image").description("make, check and look into a package image");

  image
    .command("build")
    .description("build an image: the disk's own, or one from files and folders")
    .argument(
      "[inputs...]",
      "FOLDER, PREFIX=FOLDER or PATH=FILE; none: build/pkgfs.img and what goes into it",
    )
    .option("--out <file>", "the image to write, if there are inputs")
    .option("--label <name>", "its name, up to 32 bytes", "")
    .action(async (inputs: string[], options: { out?: string; label: string }) => {
      const { build } = await import("./commands.ts");
      await build(inputs, options.out, options.label);
    });

  image
    .command("verify")
    .description("check every block and every file of an image")
    .argument("[file]", `the image; ${imageDefault}`)
    .option("--json", "print what it is as JSON")
    .action(async (file: string | undefined, options: { json?: true }) => {
      const { verify } = await import("./commands.ts");
      await verify(file, options.json === true);
    });

  image
    .command("ls")
    .description("list a directory of an image")
    .argument("[directory]", "a path in the image; none: its top", "")
    .option("--image <file>", `the image; ${imageDefault}`)
    .option("-r, --recursive", "all files below it")
    .option("--json", "print the files as JSON")
    .action(async (directory: string, options: { image?: string; recursive?: true; json?: true }) => {
      const { list } = await import("./commands.ts");
      await list(options.image, directory, options.recursive === true, options.json === true);
    });

  image
    .command("cat")
    .description("write a file of an image to standard output")
    .argument("<path>", "its path in the image, such as fixtures/hello.txt")
    .option("--image <file>", `the image; ${imageDefault}`)
    .action(async (path: string, options: { image?: string }) => {
      const { cat } = await import("./commands.ts");
      await cat(options.image, path);
    });
}
