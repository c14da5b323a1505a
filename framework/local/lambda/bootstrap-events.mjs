/** Events over the pipe at descriptor 4 (event-pipe.ts): an answer in, the next event out. */
import { writeSync } from "node:fs";
import { Socket } from "node:net";

const verbs = { poll: 0, response: 1, error: 2 };

/** Those that were asked for; asking for one makes it. */
const outputs = new Set();
for (const name of ["stdout", "stderr"]) {
  const { get, ...rest } = Object.getOwnPropertyDescriptor(process, name);
  const watched = () => {
    const stream = get.call(process);
    outputs.add(stream);
    return stream;
  };
  Object.defineProperty(process, name, { ...rest, get: watched });
}

let told = 0;
/** Bytes printed since it was last asked. */
function printed() {
  let all = 0;
  for (const { bytesWritten } of outputs) all += bytesWritten;
  const more = all - told;
  told = all;
  return more;
}

/** Opens the pipe; one exchange at a time. `onGone` is called when nobody is at its other end any more. */
export function openEvents(onGone) {
  const pipe = new Socket({ fd: 4, readable: true, writable: true });
  let received = [];
  let bytes = 0;
  let size;
  let waiting;
  pipe.on("close", onGone);
  pipe.on("error", onGone);
  pipe.on("data", (part) => {
    received.push(part);
    bytes += part.length;
    if (size === undefined && bytes >= 8) {
      received = [Buffer.concat(received)];
      size = 8 + received[0].readUInt32LE(0) + received[0].readUInt32LE(4);
    }
    if (bytes < size || size === undefined) return;
    const frame = received.length === 1 ? received[0] : Buffer.concat(received);
    received = [];
    bytes = 0;
    size = undefined;
    const end = 8 + frame.readUInt32LE(0);
    // While the handler runs, only what it waits for keeps the process alive.
    pipe.unref();
    waiting({ headers: JSON.parse(frame.utf8Slice(8, end)), body: frame.utf8Slice(end) });
  });
  const answer = (verb, notes, text) => {
    const length = Buffer.byteLength(text);
    const frame = Buffer.allocUnsafe(16 + length);
    frame.writeUInt32LE(verbs[verb], 0);
    frame.writeUInt32LE(notes, 4);
    frame.writeUInt32LE(printed(), 8);
    frame.writeUInt32LE(length, 12);
    frame.write(text, 16);
    pipe.ref();
    return new Promise((next) => {
      waiting = next;
      let written = 0;
      try {
        written = writeSync(4, frame);
      } catch (error) {
        // Full: the socket writes the rest as it is read.
        if (error.code !== "EAGAIN") throw error;
      }
      if (written < frame.length) pipe.write(frame.subarray(written));
    });
  };
  return { first: () => answer("poll", 0, ""), answer };
}
