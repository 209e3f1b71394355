// The picture's colours, which the style sheet has, so that light and dark are decided in one place.

export interface Colours {
  text: string;
  faint: string;
  line: string;
  ground: string;
  band: string;
  alarm: string;
  accent: string;
  font: string;
  harts: readonly string[];
  /** What stands in the bar of a hart. */
  onHart: string;
}

const HARTS = 8;

/** The colours as they are now. */
export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour("text"),
    faint: colour("faint"),
    line: colour("line"),
    ground: colour("panel"),
    band: colour("band"),
    alarm: colour("alarm"),
    accent: colour("accent"),
    font: style.fontFamily,
    harts: Array.from({ length: HARTS }, (_, hart) => colour(`hart-${hart}`)),
    onHart: colour("on-hart"),
  };
}
