// A progress bar for an image that is written: on a terminal only, redrawn in place, and erased at the end.

const BAR_CELLS = 30;
/** A smaller image shows no bar. */
const SHOWN_BYTES_MIN = 8 << 20;
/** The bar is redrawn after this many milliseconds at the earliest. */
const REDRAW_MILLISECONDS = 50;

/** A bar on a stream. */
export interface ByteBar {
  /** Shows how many bytes of how many are written. */
  readonly show: (written: number, total: number) => void;
  /** Erases the bar. */
  readonly end: () => void;
}

/** A bar for `what`. */
export function byteBar(
  stream: Pick<NodeJS.WriteStream, "isTTY" | "write">,
  what: string,
  now: () => number = () => performance.now(),
): ByteBar {
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    show: (written, total) => {
      if (!stream.isTTY || total < SHOWN_BYTES_MIN) {
        return;
      }
      if (written < total && now() - drawnAt < REDRAW_MILLISECONDS) {
        return;
      }
      drawnAt = now();
      stream.write(`\r\x1b[K${barText(what, written, total)}`);
    },
    end: () => {
      if (drawnAt > Number.NEGATIVE_INFINITY) {
        stream.write("\r\x1b[K");
      }
    },
  };
}

/** `pkgfs.img  ████████░░░░  67 %  67 of 100 MiB`. */
export function barText(what: string, written: number, total: number): string {
  const share = total === 0 ? 1 : written / total;
  const full = Math.floor(share * BAR_CELLS);
  const bar = "█".repeat(full) + "░".repeat(BAR_CELLS - full);
  const mebibytes = (bytes: number): string => (bytes / (1 << 20)).toFixed(0);
  return `  ${what}  ${bar}  ${Math.floor(share * 100)} %  ${mebibytes(written)} of ${mebibytes(total)} MiB`;
}
