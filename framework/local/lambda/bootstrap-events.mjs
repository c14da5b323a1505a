/**
 * Events over the pipe at descriptor 4 (event-pipe.ts): an answer in, the next event out. It waits in a blocking read, so that no timer
 * and no promise goes on between events, as in an environment that Lambda froze; what else runs is told, for the other end to stop it.
 */

// Not imported: as in bootstrap.mjs.
const { subscribe } = process.getBuiltinModule("diagnostics_channel");
const { readSync, writeSync } = process.getBuiltinModule("fs");

const pipe = 4;
const verbs = { poll: 0, response: 1, error: 2 };

// ── what has been printed: an answer must not overtake it ──

/**
 * The standard streams that were asked for; asking for one makes it. What does not fit into a pipe would be kept by Node until the loop comes
 * round, and between events it does not: so a write waits for its reader, as those of AWS's client do.
 */
const outputs = new Set();
for (const name of ["stdout", "stderr"]) {
  const { get, ...rest } = Object.getOwnPropertyDescriptor(process, name);
  const watched = () => {
    const stream = get.call(process);
    if (!outputs.has(stream)) stream._handle?.setBlocking?.(true);
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

// ── what runs beside this thread, now or ever ──

let others = 0;
const note = () => (others = 1);
process.on("worker", note);
subscribe("child_process", note);

// ── frames ──

/** Reads into the buffer until there are `enough` bytes in it; how many there are, or 0 when nobody is at the other end any more. */
function fill(buffer, from, enough) {
  let at = from;
  while (at < enough) {
    try {
      const read = readSync(pipe, buffer, at, buffer.length - at, null);
      if (read === 0) return 0;
      at += read;
    } catch (error) {
      if (error.code !== "EINTR" && error.code !== "EAGAIN") return 0;
    }
  }
  return at;
}

function drain(frame) {
  for (let at = 0; at < frame.length;) {
    try {
      at += writeSync(pipe, frame, at);
    } catch (error) {
      if (error.code !== "EINTR" && error.code !== "EAGAIN") return;
    }
  }
}

/** Most frames come with one read. */
const common = Buffer.alloc(65_536);

/** Two texts; undefined when nobody is at the other end any more. There is never more than one frame in the pipe. */
export function readFrame() {
  const read = fill(common, 0, 8);
  if (read === 0) return undefined;
  const [first, second] = [common.readUInt32LE(0), common.readUInt32LE(4)];
  const size = 8 + first + second;
  let frame = common;
  if (size > common.length) {
    frame = Buffer.allocUnsafe(size);
    common.copy(frame, 0, 0, read);
  }
  if (fill(frame, read, size) === 0) return undefined;
  return { first: frame.utf8Slice(8, 8 + first), second: frame.utf8Slice(8 + first, size) };
}

/** @param onGone is called when nobody is at the other end any more */
export function openEvents(onGone) {
  const next = (resolve) => {
    const frame = readFrame() ?? onGone();
    resolve({ headers: JSON.parse(frame.first), body: frame.second });
  };
  const answer = (verb, notes, text) => {
    const length = Buffer.byteLength(text);
    const frame = Buffer.allocUnsafe(20 + length);
    for (const [at, word] of [verbs[verb], notes, printed(), others, length].entries()) frame.writeUInt32LE(word, 4 * at);
    frame.write(text, 20);
    drain(frame);
    // As under AWS's client, whose own exchange takes a turn of the event loop or two.
    return new Promise((resolve) => setImmediate(next, resolve));
  };
  /** @param before milliseconds that this process had run when it was told its function */
  const first = (before) => answer("poll", 0, String(before));
  return { first, answer };
}
