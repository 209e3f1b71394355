// Where things are in the picture, from top to bottom: the axis, a lane for each hart, the disk.

export const AXIS_HEIGHT = 26;
const DISK_HEIGHT_MIN = 40;
const LANE_HEIGHT_MIN = 40;
const LANE_HEIGHT_MAX = 92;

/** The labels' place at the left. */
export const LABELS_WIDTH = 86;
/** The same on a narrow window. */
export const LABELS_WIDTH_NARROW = 58;
const NARROW = 560;

export interface Lane {
  top: number;
  height: number;
  /** The bar of what the hart does. */
  bar: number;
  barHeight: number;
  /** The steps of the run queue, above the bar. */
  queue: number;
  queueHeight: number;
  /** Traps and ticks, below the bar. */
  marks: number;
  marksHeight: number;
}

export interface Lanes {
  width: number;
  height: number;
  labels: number;
  harts: readonly Lane[];
  disk: { top: number; height: number };
}

export function lanesFor(width: number, height: number, harts: number): Lanes {
  const room = height - AXIS_HEIGHT;
  const laneHeight = Math.min(
    LANE_HEIGHT_MAX,
    Math.max(LANE_HEIGHT_MIN, Math.floor((room - DISK_HEIGHT_MIN) / (harts + 0.55))),
  );
  const lanes = Array.from({ length: harts }, (_, hart): Lane => {
    const top = AXIS_HEIGHT + hart * laneHeight;
    const queueHeight = Math.round(laneHeight * 0.18);
    const marksHeight = Math.round(laneHeight * 0.16);
    const barHeight = Math.round(laneHeight * 0.36);
    const queue = top + Math.round(laneHeight * 0.1);
    const bar = queue + queueHeight + 2;
    return {
      top,
      height: laneHeight,
      queue,
      queueHeight,
      bar,
      barHeight,
      marks: bar + barHeight + 3,
      marksHeight,
    };
  });
  const diskTop = AXIS_HEIGHT + harts * laneHeight;
  return {
    width,
    height,
    labels: width < NARROW ? LABELS_WIDTH_NARROW : LABELS_WIDTH,
    harts: lanes,
    disk: { top: diskTop, height: Math.max(DISK_HEIGHT_MIN, height - diskTop) },
  };
}
