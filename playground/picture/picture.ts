// The picture as an element: a canvas that is painted when something changed, with its gestures. A drag moves, a wheel or two
// fingers zoom, a click opens the moment.

import { Axis } from "./axis.ts";
import { coloursOf } from "./colours.ts";
import { type Hit, hitAt } from "./hit.ts";
import { lanesFor } from "./lanes.ts";
import type { Model } from "./model.ts";
import { paintAxis, paintCursors, paintGround, paintLabels } from "./paint-axis.ts";
import { paintHarts } from "./paint-harts.ts";
import { type PaintedArrow, type PaintedRequest, paintArrows, paintDisk } from "./paint-links.ts";
import type { Scene } from "./scene.ts";
import { View } from "./view.ts";

/** A press that moves less than this is a click. */
const CLICK_PIXELS = 4;
const WHEEL_FACTOR = 1.0016;

export interface PictureEvents {
  /** A moment was clicked. */
  onOpen: (hit: Hit) => void;
  onHart: (hart: number) => void;
  onMoved: () => void;
}

interface Press {
  x: number;
  y: number;
  moved: boolean;
}

export class Picture {
  readonly canvas: HTMLCanvasElement;
  view: View;
  clock = 0;
  end = 0;
  hart = 0;
  lit: Scene["lit"];
  private model: Model;
  private readonly hint: HTMLElement;
  private readonly events: PictureEvents;
  private readonly context: CanvasRenderingContext2D;
  private readonly pressed = new Map<number, Press>();
  private pointer: Scene["pointer"];
  private painted: { arrows: PaintedArrow[]; requests: PaintedRequest[] } = { arrows: [], requests: [] };
  private isAsked = false;
  private pinch = 0;

  constructor(canvas: HTMLCanvasElement, hint: HTMLElement, model: Model, events: PictureEvents) {
    this.canvas = canvas;
    this.hint = hint;
    this.model = model;
    this.events = events;
    this.view = new View(new Axis(model));
    const context = canvas.getContext("2d");
    if (context === null) {
      throw new Error("This browser has no canvas");
    }
    this.context = context;
    this.listen();
    new ResizeObserver(() => this.paintSoon()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paintSoon());
  }

  /** Shows another run. */
  show(model: Model): void {
    const { isFolding } = this.view.axis;
    this.model = model;
    this.view = new View(new Axis(model));
    this.view.axis.isFolding = isFolding;
    this.lit = undefined;
    this.paintSoon();
  }

  paintSoon(): void {
    if (this.isAsked) {
      return;
    }
    this.isAsked = true;
    requestAnimationFrame(() => {
      this.isAsked = false;
      this.paint();
    });
  }

  /** The pixels of the lanes' width. */
  get width(): number {
    return this.view.width;
  }

  private scene(): Scene {
    const { clientWidth, clientHeight } = this.canvas;
    const { model, view, context, clock, end, hart, pointer, lit } = this;
    const lanes = lanesFor(clientWidth, clientHeight, model.harts.length);
    view.width = Math.max(1, clientWidth - lanes.labels);
    view.axis.end = end;
    return { context, model, view, lanes, colours: coloursOf(this.canvas), clock, end, hart, pointer, lit };
  }

  private paint(): void {
    const { canvas, context } = this;
    const ratio = window.devicePixelRatio;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const scene = this.scene();
    const isMoving = this.view.tick(this.end);
    paintGround(scene);
    paintAxis(scene);
    paintHarts(scene);
    this.painted = { arrows: paintArrows(scene), requests: paintDisk(scene) };
    paintCursors(scene);
    paintLabels(scene);
    if (isMoving) {
      this.paintSoon();
    }
  }

  private listen(): void {
    const { canvas } = this;
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
        if (isSideways) {
          this.view.pan(event.deltaX === 0 ? event.deltaY : event.deltaX);
        } else {
          this.view.zoom(WHEEL_FACTOR ** event.deltaY, this.inLanes(event).x);
        }
        this.moved();
      },
      { passive: false },
    );
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pressed.set(event.pointerId, { x: event.offsetX, y: event.offsetY, moved: false });
      this.pinch = this.spread();
    });
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    canvas.addEventListener("pointerup", (event) => this.onUp(event));
    canvas.addEventListener("pointercancel", ({ pointerId }) => this.pressed.delete(pointerId));
    canvas.addEventListener("pointerleave", () => {
      this.pointer = undefined;
      this.hint.hidden = true;
      this.paintSoon();
    });
  }

  private onMove(event: PointerEvent): void {
    const press = this.pressed.get(event.pointerId);
    if (press === undefined) {
      this.pointer = { x: event.offsetX, y: event.offsetY };
      this.showHint(event);
      this.paintSoon();
      return;
    }
    const dx = event.offsetX - press.x;
    press.moved ||= Math.hypot(dx, event.offsetY - press.y) > CLICK_PIXELS;
    if (!press.moved) {
      return;
    }
    this.hint.hidden = true;
    this.pointer = undefined;
    press.x = event.offsetX;
    press.y = event.offsetY;
    if (this.pressed.size >= 2) {
      const spread = this.spread();
      if (this.pinch > 0 && spread > 0) {
        this.view.zoom(this.pinch / spread, this.inLanes(event).x);
      }
      this.pinch = spread;
    } else {
      this.view.pan(-dx);
    }
    this.moved();
  }

  private onUp(event: PointerEvent): void {
    const press = this.pressed.get(event.pointerId);
    this.pressed.delete(event.pointerId);
    if (press === undefined || press.moved) {
      return;
    }
    const scene = this.scene();
    const { offsetX: x, offsetY: y } = event;
    const hart = scene.lanes.harts.findIndex(({ top, height }) => y >= top && y < top + height);
    if (x < scene.lanes.labels) {
      if (hart >= 0) {
        this.events.onHart(hart);
      }
      return;
    }
    const hit = hitAt(scene, x, y, this.painted);
    if (hit !== undefined) {
      this.events.onOpen(hit);
    }
  }

  private showHint(event: PointerEvent): void {
    const hit = hitAt(this.scene(), event.offsetX, event.offsetY, this.painted);
    this.hint.hidden = hit === undefined || event.pointerType === "touch";
    if (hit === undefined) {
      return;
    }
    this.hint.replaceChildren(
      ...hit.lines.map((line, index) => {
        const element = document.createElement(index === 0 ? "strong" : "span");
        element.textContent = line;
        return element;
      }),
    );
    const isRight = event.offsetX > this.canvas.clientWidth / 2;
    const isLow = event.offsetY > this.canvas.clientHeight / 2;
    this.hint.style.transform = `translate(${event.offsetX + (isRight ? -14 : 14)}px, ${event.offsetY + (isLow ? -10 : 16)}px) translate(${isRight ? "-100%" : "0"}, ${isLow ? "-100%" : "0"})`;
  }

  private moved(): void {
    this.events.onMoved();
    this.paintSoon();
  }

  private inLanes(event: MouseEvent): { x: number } {
    return { x: event.offsetX - (this.canvas.clientWidth - this.view.width) };
  }

  /** Between the first two fingers. */
  private spread(): number {
    const [one, other] = [...this.pressed.values()];
    return one === undefined || other === undefined ? 0 : Math.hypot(one.x - other.x, one.y - other.y);
  }
}
