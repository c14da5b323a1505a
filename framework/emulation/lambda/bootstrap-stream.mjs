/** Response streaming in an environment: the stream that a handler writes to, sent to the Runtime API as it grows. */
import { Writable } from "node:stream";

const errorTrailers = ["Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body"];

/** `awslambda.HttpResponseStream`: status and headers are sent before the first bytes. */
export const HttpResponseStream = {
  from(stream, prelude) {
    stream.setContentType("application/vnd.awslambda.http-integration-response");
    const text = JSON.stringify(prelude);
    stream._onBeforeFirstWrite = (write) => {
      write(text);
      write(new Uint8Array(8));
    };
    return stream;
  },
};

/**
 * Opens one chunked POST. The stream behaves like that of AWS's client: only `write` sends a prelude, `end` alone never
 * does.
 * @param start writes the request's head and resolves with the server's response to the complete request
 * @returns `fail(error document)` ends the stream with the error in trailers; `answered` resolves with the response
 */
export function openStream(socket, start) {
  let type = "application/octet-stream";
  let answered;
  let written = false;
  let trailers = "";
  const open = () => {
    answered ??= start(
      `Content-Type: ${type}\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n` +
        `Trailer: ${errorTrailers.join(", ")}\r\n`,
    );
  };
  const stream = new Writable({
    highWaterMark: 65_536,
    write(chunk, _encoding, done) {
      open();
      // An empty chunk would end the body.
      if (chunk.length === 0) return done();
      socket.write(`${chunk.length.toString(16)}\r\n`);
      socket.write(chunk);
      socket.write("\r\n", done);
    },
    final(done) {
      open();
      socket.write(`0\r\n${trailers}\r\n`, done);
    },
  });
  stream.setContentType = (given) => {
    if (written) throw new Error("Cannot set content-type, too late.");
    type = given;
  };
  const write = stream.write.bind(stream);
  stream.write = (chunk, ...rest) => {
    const bytes = typeof chunk === "string" || chunk instanceof Uint8Array ? chunk : JSON.stringify(chunk);
    if (!written) stream._onBeforeFirstWrite?.((part) => write(part));
    written = true;
    return write(bytes, ...rest);
  };
  return {
    stream,
    answered: () => answered,
    fail(document) {
      const values = [document.errorType, Buffer.from(JSON.stringify(document)).toString("base64")];
      trailers = errorTrailers.map((name, index) => `${name}: ${values[index]}\r\n`).join("");
      if (!stream.writableEnded) stream.end();
    },
  };
}
