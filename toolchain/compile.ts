export interface BuildOptions {
  readonly profile: "bringup" | "production";
  readonly progress: { start(what: string): (detail?: string) => void; note(text: string): void };
}
export async function build(options: BuildOptions): Promise<void> {
  options.progress.note(`build ${options.profile}: nothing yet`);
}
