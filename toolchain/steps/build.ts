// The context that every step of one build shares: the root, the output folder, the stamps, and the progress.

import { mkdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DEVELOPMENT_KEY } from "../../host/pkgimg/keys.ts";
import type { Progress } from "../../host/report.ts";
import { withLock } from "../lock.ts";
import { Stamps, type Step } from "../stale.ts";

/** The two builds of the guest: `bringup` prints every marker, `production` no hart number and no timer value. */
export const profiles = ["bringup", "production"] as const;
export type Profile = (typeof profiles)[number];

/**
 * Which disk images packagefsd mounts (trust.ts). `build`: only the image of this build. Else the images that the
 * key in the file `key` has signed, its path relative to the root, and whose sequence is at least `oldest` (default 0).
 */
export type Trust = "build" | { readonly key: string; readonly oldest?: bigint };

/** The trust of a build by default. */
export const DEVELOPMENT_TRUST: Trust = { key: DEVELOPMENT_KEY };

/** The output folder of the default build. */
export const DEFAULT_OUT = "build";
/** Where in an output folder the accessors of the wire contracts are. */
export const ACCESSOR_FOLDER = "gen/idl";

/** One run of the build. */
export interface Build {
  readonly root: string;
  readonly profile: Profile;
  readonly trust: Trust;
  readonly stamps: Stamps;
  readonly progress: Progress;
  /** The output folder, relative to the root. */
  readonly out: string;
  /** The path, relative to the root, of a file in the output folder. */
  path(name: string): string;
  /** Runs a step if it is stale, and shows it as `what`. */
  step(what: string, step: Step): Promise<void>;
  stepsRun(): number;
}

/** The settings of a build. */
export interface BuildSettings {
  readonly profile: Profile;
  readonly progress: Progress;
  /** Default: DEVELOPMENT_TRUST. */
  readonly trust?: Trust;
}

/** Opens a build, does `work`, and closes it. It waits for another process that builds into the same folder. */
export function withBuild<T>(
  root: string,
  settings: BuildSettings,
  work: (build: Build) => Promise<T>,
): Promise<T> {
  const tell = (owner: number): void =>
    settings.progress.note(`waiting for another build (process ${owner})`);
  return withLock(join(root, outputFolder(settings), "lock"), tell, async () => {
    const build = openBuild(root, settings);
    try {
      return await work(build);
    } finally {
      build.stamps.save();
    }
  });
}

/** Each kind of build has its own folder, so that going back and forth does not rebuild everything. */
function outputFolder({ profile, trust }: Pick<BuildSettings, "profile" | "trust">): string {
  const folder = profile === "bringup" ? DEFAULT_OUT : `${DEFAULT_OUT}/${profile}`;
  return trust === "build" ? `${folder}/trusted` : folder;
}

const outputFolders: readonly string[] = profiles.flatMap((profile) =>
  ([DEVELOPMENT_TRUST, "build"] as const).map((trust) => outputFolder({ profile, trust })),
);

function openBuild(root: string, options: BuildSettings): Build {
  const out = outputFolder(options);
  const others = outputFolders.filter((folder) => folder !== out);
  const stamps = new Stamps(root, out, others);
  let stepsRun = 0;
  return {
    root,
    profile: options.profile,
    trust: options.trust ?? DEVELOPMENT_TRUST,
    stamps,
    progress: options.progress,
    out,
    path: (name) => `${out}/${name}`,
    step: async (what, step) => {
      let end: ((detail?: string) => void) | undefined;
      const run = async (): Promise<Iterable<string> | undefined> => {
        end = options.progress.start(what);
        try {
          return await step.run();
        } catch (error) {
          end("failed");
          throw error;
        }
      };
      if (await stamps.run({ ...step, run })) {
        stepsRun += 1;
      }
      end?.();
    },
    stepsRun: () => stepsRun,
  };
}

/** Reads a file below the root as text. */
export function readText(build: Build, path: string): Promise<string> {
  return readFile(join(build.root, path), "utf8");
}

/** Reads a file below the root as bytes. */
export async function readBytes(build: Build, path: string): Promise<Uint8Array> {
  return readFile(join(build.root, path));
}

/** Writes a file below the root. A step's folder exists already (stale.ts makes it). */
export async function write(build: Build, path: string, content: string | Uint8Array): Promise<void> {
  mkdirSync(dirname(join(build.root, path)), { recursive: true });
  await writeFile(join(build.root, path), content);
}
