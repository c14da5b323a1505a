/** What workerd answered, however it was asked: a message of node:http in, status, headers and body out. */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { WireHeaders } from "../../model/wire.ts";
import { answeredHeaders } from "./forward.ts";

/** An answer without the headers of the hop. Its body is to be read to the end or cancelled. */
export interface WorkerdAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: WireHeaders;
  readonly body: Uint8Array | ReadableStream<Uint8Array>;
}

/** Up to this many bytes are read whole, which costs a tenth of a stream. */
const smallBytes = 65_536;

/** Only what says how long it is, and that soon: all else may be there to be seen as it comes. @param length of a Content-Length */
export const isSmall = (length: string | undefined): boolean => Number(length ?? Number.NaN) <= smallBytes;

/** Resolves when the head is there, and of a small body all of it. */
export async function readAnswer(message: IncomingMessage): Promise<WorkerdAnswer> {
  return { status: message.statusCode ?? 502, headers: answeredHeaders(message), body: await bodyOf(message) };
}

async function bodyOf(message: IncomingMessage): Promise<Uint8Array | ReadableStream<Uint8Array>> {
  if (!isSmall(message.headers["content-length"])) return Readable.toWeb(message) as ReadableStream<Uint8Array>;
  const parts: Buffer[] = [];
  const { promise: whole, resolve, reject } = Promise.withResolvers<void>();
  message.on("data", (part: Buffer) => parts.push(part));
  message.on("end", resolve);
  message.on("error", reject);
  await whole;
  return Buffer.concat(parts);
}
