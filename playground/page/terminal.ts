// The guest's console: xterm.js. What is typed goes to the guest; what the guest prints is shown. When the run goes back, so
// does the text.

import { FitAddon } from "@xterm/addon-fit";
import { type ITheme, Terminal } from "@xterm/xterm";

const FONT_SIZE = 13;
const FONT_SIZE_NARROW = 11;
const NARROW = 560;
const SCROLLBACK = 5_000;

/** Columns that the guest's shell takes for granted. */
const COLUMNS_WANTED = 80;

export class Console {
  private readonly terminal: Terminal;
  private readonly fit = new FitAddon();
  private readonly place: HTMLElement;

  /** @param onTyped gets the bytes of what was typed @param leave asks for the focus to go on */
  constructor(place: HTMLElement, onTyped: (bytes: Uint8Array) => void, leave: () => void) {
    this.place = place;
    this.terminal = new Terminal({
      fontFamily: getComputedStyle(document.body).getPropertyValue("--mono"),
      fontSize: FONT_SIZE,
      lineHeight: 1.25,
      cursorBlink: true,
      scrollback: SCROLLBACK,
      // The kernel's own lines, before there is a consoled, end with a line feed alone.
      convertEol: true,
      screenReaderMode: false,
      theme: this.theme(),
    });
    this.terminal.loadAddon(this.fit);
    this.terminal.open(place);
    this.terminal.onData((text) => onTyped(new TextEncoder().encode(text)));
    this.terminal.attachCustomKeyEventHandler((event) => {
      if (event.key === "F6") {
        if (event.type === "keydown") {
          leave();
        }
        return false;
      }
      return true;
    });
    this.terminal.textarea?.setAttribute("aria-label", "The guest's console; F6 leaves it");
    new ResizeObserver(() => this.resize()).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.terminal.options.theme = this.theme();
    });
    this.resize();
  }

  write(bytes: Uint8Array): void {
    this.terminal.write(bytes);
  }

  /** Shows this text in place of all. */
  replace(bytes: Uint8Array): void {
    this.terminal.reset();
    this.write(bytes);
  }

  focus(): void {
    this.terminal.focus();
  }

  /** The text that is shown, for tests and for readers. */
  text(): string {
    const { active } = this.terminal.buffer;
    return Array.from(
      { length: active.length },
      (_, row) => active.getLine(row)?.translateToString(true) ?? "",
    ).join("\n");
  }

  /** The shell draws on 80 columns: a narrower window gets smaller letters, and below that it scrolls sideways. */
  private resize(): void {
    const { clientWidth } = this.place;
    this.terminal.options.fontSize = clientWidth < NARROW ? FONT_SIZE_NARROW : FONT_SIZE;
    const size = this.fit.proposeDimensions();
    if (size !== undefined && !Number.isNaN(size.rows)) {
      this.terminal.resize(Math.max(COLUMNS_WANTED, size.cols), Math.max(4, size.rows));
    }
  }

  private theme(): ITheme {
    const style = getComputedStyle(document.body);
    const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
    return {
      background: colour("panel"),
      foreground: colour("text"),
      cursor: colour("accent"),
      cursorAccent: colour("panel"),
      selectionBackground: colour("selection"),
      green: colour("hart-1"),
      red: colour("alarm"),
      blue: colour("hart-0"),
      yellow: colour("hart-2"),
    };
  }
}
