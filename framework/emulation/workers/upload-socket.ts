/** The socket of a request with a body: it delivers the response of a server that stops reading the body half way. */
import { Socket } from "node:net";

type WriteCallback = (error?: Error | null) => void;

/**
 * workerd responds and closes without reading a body that no handler reads; a reset follows (RFC 9112 section 9.6).
 * Node destroys a socket at its first failed write, with the response still unread in it. This one reports the failure
 * only when two turns of the event loop have brought no more bytes.
 */
class UploadSocket extends Socket {
  override _write(chunk: Buffer, encoding: BufferEncoding, done: WriteCallback): void {
    super._write(chunk, encoding, this.#whenRead(done));
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: WriteCallback): void {
    super._writev?.(chunks, this.#whenRead(done));
  }

  #whenRead(done: WriteCallback): WriteCallback {
    const wait = (error: Error, before: number): void => {
      if (this.bytesRead === before) return done(error);
      const { bytesRead } = this;
      // The first runs before the event loop polls the sockets again, the second after.
      setImmediate(() => setImmediate(() => wait(error, bytesRead)));
    };
    return (error) => (error ? wait(error, -1) : done());
  }
}

/** For the option `createConnection` of node:http, which applies only without an agent. */
export function connectForUpload(host: string, port: number): Socket {
  const socket = new UploadSocket();
  socket.connect(port, host);
  socket.setNoDelay(true);
  return socket;
}
