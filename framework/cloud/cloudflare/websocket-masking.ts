/** Masks the WebSocket frames of a client that sends them unmasked, so that a strict server accepts them. */
import { Duplex, Transform } from "node:stream";

/**
 * wrangler 4.164 sends its first tail message unmasked, which RFC 6455 (section 5.1) forbids and Cloudflare lets pass.
 */
export function withMaskedFrames(socket: Duplex, head: Buffer): Duplex {
  let pending = Buffer.alloc(0);
  const frames = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      pending = Buffer.concat([pending, chunk]);
      for (let frame = firstFrame(pending); frame; frame = firstFrame(pending)) {
        pending = pending.subarray(frame.size);
        this.push(frame.masked);
      }
      done();
    },
  });
  frames.write(head);
  socket.pipe(frames);
  return Duplex.from({ readable: frames, writable: socket });
}

/** The first frame, once it is complete: its size as received, and its bytes with a mask (zeros where it had none). */
function firstFrame(bytes: Buffer): { readonly size: number; readonly masked: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const [first = 0, second = 0] = bytes;
  const isMasked = (second & 0x80) !== 0;
  const short = second & 0x7f;
  const lengthEnd = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < lengthEnd) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  const size = lengthEnd + (isMasked ? 4 : 0) + length;
  if (bytes.length < size) return undefined;
  if (isMasked) return { size, masked: bytes.subarray(0, size) };
  const head = Buffer.concat([Buffer.from([first, second | 0x80]), bytes.subarray(2, lengthEnd), Buffer.alloc(4)]);
  return { size, masked: Buffer.concat([head, bytes.subarray(lengthEnd, size)]) };
}
