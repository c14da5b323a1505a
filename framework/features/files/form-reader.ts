/** Reads a form in multipart/form-data (RFC 7578) part by part: its fields, and then the file as it comes. */
import { HttpError } from "../../runtime/http-error.ts";

/** A form whose fields were read. */
export interface ReceivedForm {
  /** The fields before the file. */
  readonly fields: ReadonlyMap<string, string>;
  /** Bytes of the file, if nothing follows it; undefined where the form has no length. */
  readonly size: number | undefined;
  /** The file. Throws HttpError 400 where the body ends too early, and where another part follows. */
  readonly file: AsyncIterable<Uint8Array>;
}

/** A form that cannot be read. */
const invalid = (message: string): HttpError => new HttpError(400, message);

/** Most bytes before the file. */
const maxHead = 65_536;
/** Bytes that are read before they are searched, unless the body ends. */
const minRead = 4096;

/**
 * Rejects with HttpError 400.
 * @param type the request's Content-Type
 * @param length bytes of the body; undefined if it is not known
 */
export async function readForm(
  body: ReadableStream<Uint8Array>,
  type: string,
  length: number | undefined,
): Promise<ReceivedForm> {
  const [, quoted, plain] =
    /^multipart\/form-data\s*;.*\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type) ?? [];
  if (!quoted && !plain) throw invalid("an upload is a form in multipart/form-data");
  const delimiter = Buffer.from(`\r\n--${quoted ?? plain}`);
  const input = openInput(body);
  // So that the first delimiter is like the others.
  input.unread(Buffer.from("\r\n"));
  await input.until(delimiter);
  const fields = new Map<string, string>();
  for (;;) {
    // Ends the delimiter's line.
    const head = (await input.until(Buffer.from("\r\n\r\n"))).toString();
    const name = /^content-disposition:.*?;\s*name="([^"]*)"/im.exec(head)?.[1];
    if (name === undefined) throw invalid("a field of the form has no name");
    if (name === "file") {
      // Of the input, two bytes were not in the body; after the last delimiter come `--` and a line break.
      const size = length === undefined ? undefined : length - (input.taken() - 2) - delimiter.length - 4;
      return { fields, size, file: input.rest(delimiter) };
    }
    fields.set(name, (await input.until(delimiter)).toString());
  }
}

/** Bytes of a stream, up to marks in it. */
function openInput(body: ReadableStream<Uint8Array>) {
  const reader = body.getReader();
  let held = Buffer.alloc(0);
  let taken = 0;
  /** Some kilobytes, so that what comes byte by byte is not copied for each of them. */
  const more = async (): Promise<boolean> => {
    const parts: Uint8Array[] = [held];
    for (let size = 0; size < minRead;) {
      const { value } = await reader.read();
      if (!value) break;
      parts.push(value);
      size += value.byteLength;
    }
    if (parts.length > 1) held = Buffer.concat(parts);
    return parts.length > 1;
  };
  const take = (end: number, skip = 0): Buffer => {
    const bytes = held.subarray(0, end);
    held = held.subarray(end + skip);
    taken += end + skip;
    return bytes;
  };
  return {
    taken: () => taken,
    unread: (bytes: Buffer): void => void (held = Buffer.concat([bytes, held])),
    async until(mark: Buffer): Promise<Buffer> {
      for (;;) {
        const end = held.indexOf(mark);
        if (taken + (end < 0 ? held.length : end) > maxHead)
          throw invalid(`the fields before the file have more than ${maxHead} bytes`);
        if (end >= 0) return take(end, mark.length);
        if (!(await more())) throw invalid('the form ends before a field "file"');
      }
    },
    async *rest(mark: Buffer): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          const end = held.indexOf(mark);
          if (end >= 0) {
            if (end > 0) yield take(end);
            break;
          }
          // The mark may begin at the end of what is there.
          if (held.length >= mark.length) yield take(held.length - mark.length + 1);
          if (!(await more())) throw invalid("the form is cut off");
        }
        while (await more()) if (held.length > mark.length + 1024) break;
        // Spaces may follow the last delimiter, and after its line whatever there is (RFC 2046 section 5.1.1).
        if (!/^--[ \t]*(?:\r\n|$)/.test(held.toString("latin1", mark.length)))
          throw invalid('the field "file" is not the last one');
      } finally {
        // Not cancelled, which would close the connection of a client that has yet to read why it is refused.
        reader.releaseLock();
      }
    },
  };
}
