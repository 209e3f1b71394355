// ./nx image: makes a package image on the host, and looks into one.

import { type Command, InvalidArgumentError, Option } from "commander";
import type { BuildWords } from "./image.ts";

const IMAGE_DEFAULT = "by default build/pkgfs.img";

export function register(program: Command): void {
  const image = program.command("image").description("make, check and look into a package image");

  image
    .command("build")
    .description("build an image: the disk's own, or one from files and folders")
    .argument(
      "[inputs...]",
      "FOLDER, PATH=FOLDER or PATH=FILE; by default build/pkgfs.img and everything that goes into it",
    )
    .option("--out <file>", "the image to write; needed with inputs")
    .option("--label <name>", "the image's name, up to 32 bytes", "")
    .option("--key <file>", "sign it with this key")
    .addOption(
      new Option("--compress <method>", "compress files that take fewer blocks then").choices(["lz4"]),
    )
    .action(async (inputs: string[], options: BuildWords) => {
      const { build } = await import("./image.ts");
      await build(inputs, options);
    });

  image
    .command("keygen")
    .description("make a key pair: NAME.key, which signs and stays secret, and NAME.pub, which builds trust")
    .argument("<name>", "the path of both files, without .key and .pub")
    .action(async (name: string) => {
      const { keygen } = await import("./sign.ts");
      keygen(name);
    });

  image
    .command("sign")
    .description("sign an image, in place of any signature that it has")
    .argument("<file>", "the image")
    .requiredOption("--key <file>", "the private key: NAME.key of keygen")
    .option(
      "--sequence <number>",
      "a number in the image: of two images with one label, the higher one is newer",
      sequence,
    )
    .option("--out <file>", "write the signed image to this file, and leave the first one unchanged")
    .action(async (file: string, options: { key: string; sequence?: bigint; out?: string }) => {
      const { signImage } = await import("./sign.ts");
      await signImage(file, options.key, options.sequence, options.out ?? file);
    });

  image
    .command("verify")
    .description("check every block and every file of an image, and its signature")
    .argument("[file]", `the image; ${IMAGE_DEFAULT}`)
    .option("--key <file>", "require a signature by this key; either half will do")
    .option("--json", "print the description as JSON")
    .action(async (file: string | undefined, options: { key?: string; json?: true }) => {
      const { verify } = await import("./image.ts");
      await verify(file, options.key, options.json === true);
    });

  image
    .command("ls")
    .description("list a directory of an image")
    .argument(
      "[directory]",
      "a path in the image, with or without pkg:// and slashes at its ends; by default the top",
      "",
    )
    .option("--image <file>", `the image; ${IMAGE_DEFAULT}`)
    .option("-r, --recursive", "list all files below it")
    .option("--json", "print the files as JSON")
    .action(async (directory: string, options: { image?: string; recursive?: true; json?: true }) => {
      const { list } = await import("./image.ts");
      await list(options.image, directory, options.recursive === true, options.json === true);
    });

  image
    .command("cat")
    .description("write a file of an image to standard output")
    .argument("<path>", "the file's path in the image, such as fixtures/hello.txt")
    .option("--image <file>", `the image; ${IMAGE_DEFAULT}`)
    .action(async (path: string, options: { image?: string }) => {
      const { cat } = await import("./image.ts");
      await cat(options.image, path);
    });
}

function sequence(text: string): bigint {
  if (/^[0-9]{1,20}$/.test(text) && BigInt(text) < 2n ** 64n) {
    return BigInt(text);
  }
  throw new InvalidArgumentError("a whole number below 2^64 is needed.");
}
