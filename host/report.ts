// Prints progress lines with durations, and tables, on the command line.
//
// On a terminal the step that runs is shown and then replaced by its result; elsewhere (a pipe, CI) only the results
// are printed, one line each, so that a log reads well. Progress goes to stderr, because stdout is for the answer.

/** Wraps a text in the terminal's colours, or leaves it unchanged. */
export interface Paint {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly note: (text: string) => string;
  readonly faint: (text: string) => string;
}

/** Colours for this stream: none unless it is a terminal, and none under NO_COLOR (https://no-color.org). */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const coloured = stream.isTTY === true && !process.env.NO_COLOR;
  const wrap = (code: number) => (text: string) => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text);
  return { good: wrap(32), bad: wrap(31), note: wrap(33), faint: wrap(2) };
}

/** `0.42 s`, `12.3 s`, `2 min 5 s`: three digits are enough for a person. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) {
    return `${seconds.toFixed(2)} s`;
  }
  if (seconds < 60) {
    return `${seconds.toFixed(1)} s`;
  }
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** Shows the steps that run. */
export interface Progress {
  /** A step begins. Several may run at once. The caller calls the returned function when the step has ended. */
  start(what: string): (detail?: string) => void;
  /** Prints a separate line. */
  note(text: string): void;
}

/** A Progress that prints to `stream`. */
export function progressOn(stream: NodeJS.WriteStream): Progress {
  const paint = paintFor(stream);
  const running: string[] = [];
  const line = (text: string): void => {
    stream.write(stream.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);
    showRunning();
  };
  const showRunning = (): void => {
    if (!stream.isTTY || running.length === 0) {
      return;
    }
    const text = `  … ${running.join(", ")}`;
    stream.write(`\r\x1b[K${paint.faint(text.slice(0, Math.max(0, stream.columns - 1)))}`);
  };
  return {
    start(what) {
      const begin = performance.now();
      running.push(what);
      showRunning();
      return (detail) => {
        running.splice(running.indexOf(what), 1);
        const duration = formatDuration(performance.now() - begin).padStart(8);
        line(`  ${paint.faint(duration)}  ${what}${detail === undefined ? "" : paint.faint(`  ${detail}`)}`);
        if (stream.isTTY && running.length === 0) {
          stream.write("\r\x1b[K");
        }
      };
    },
    note: line,
  };
}

/** One column: its heading, and `right` for numbers. */
export interface Column {
  readonly heading: string;
  readonly align?: "left" | "right";
}

/** A table in plain text: headings, then rows, columns two spaces apart. Ends with a newline. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ heading }, index) =>
    Math.max(heading.length, ...rows.map((row) => (row[index] ?? "").length)),
  );
  const format = (cells: readonly string[]): string =>
    columns
      .map(({ align }, index) => {
        const cell = cells[index] ?? "";
        const width = widths[index] ?? 0;
        return align === "right" ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return `${[columns.map(({ heading }) => heading), ...rows].map(format).join("\n")}\n`;
}
