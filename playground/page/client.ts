// The worker as the page sees it: questions go in, and what it tells comes out with its shape checked.

import { type Ask, type Tell, tell } from "../protocol/messages.ts";

export class Client {
  private readonly port: MessagePort;

  /** Starts the worker. `onTell` gets what it tells, in order. */
  constructor(onTell: (told: Tell) => void, onBroken: (why: string) => void) {
    const worker = new Worker(new URL("../worker/main.ts", import.meta.url), { type: "module" });
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    port1.onmessage = ({ data }) => onTell(tell(data, "an answer"));
    worker.onerror = (event) => onBroken(event.message);
    worker.postMessage("port", [port2]);
  }

  ask(asked: Ask): void {
    this.port.postMessage(asked);
  }
}
