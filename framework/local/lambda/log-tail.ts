/** The end of one event's log, for LogType Tail: its lines in, their last 4 KB out. */

const most = 4096;

/** Held as long as the event runs; keeps no more than it needs. */
export class LogTail {
  #kept: Buffer = Buffer.alloc(0);

  /** @param text one line, without its end */
  add(text: string): void {
    this.#kept = Buffer.concat([this.#kept, Buffer.from(`${text}\n`)]).subarray(-most);
  }

  bytes(): Uint8Array {
    return this.#kept;
  }
}
