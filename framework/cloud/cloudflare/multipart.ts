/** Parses multipart/form-data bodies (RFC 7578) into parts with their names and content types. */
import { invalid } from "./cloudflare-error.ts";

/** A part of the body. */
export interface FormPart {
  readonly name: string;
  readonly filename?: string;
  /** Lower-case, with its parameters; absent when the part has none. */
  readonly contentType?: string;
  readonly body: Uint8Array;
}

/** Most parts of a body. */
const maxParts = 10_000;

/** Throws CloudflareError 10001 for another content type and 10006 for a body that is not complete. */
export function readMultipart(body: Uint8Array, contentType: string | undefined): readonly FormPart[] {
  const boundary = /^multipart\/form-data;.*?boundary=(?:"([^"]{1,200})"|([^;\s]{1,200}))/i.exec(contentType ?? "");
  if (!boundary) throw invalid("Content-Type must be multipart/form-data with a boundary", 10001);
  const mark = Buffer.from(`\r\n--${boundary[1] ?? boundary[2]}`);
  // The first boundary may stand at the very start, without a line break before it.
  const bytes = Buffer.concat([Buffer.from("\r\n"), body]);
  const parts: FormPart[] = [];
  let position = bytes.indexOf(mark);
  while (position >= 0) {
    const start = position + mark.length;
    if (bytes.toString("latin1", start, start + 2) === "--") return parts;
    position = bytes.indexOf(mark, start);
    if (position < 0 || parts.length === maxParts) break;
    parts.push(readPart(bytes.subarray(start, position)));
  }
  throw invalid("The multipart body ends before its last boundary", 10006);
}

function readPart(bytes: Buffer): FormPart {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) throw invalid("A part of the multipart body has no end of headers", 10006);
  const lines = bytes.toString("utf8", 0, end).split("\r\n");
  const headers = new Map(
    lines
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const disposition = headers.get("content-disposition") ?? "";
  const name = parameter(disposition, "name");
  if (name === undefined || !/^form-data\b/i.test(disposition))
    throw invalid("A part of the multipart body has no name", 10006);
  const filename = parameter(disposition, "filename");
  const contentType = headers.get("content-type");
  return {
    name,
    ...(filename !== undefined && { filename }),
    ...(contentType !== undefined && { contentType: contentType.toLowerCase() }),
    body: bytes.subarray(end + 4),
  };
}

/** Browsers and fetch escape a quote and line breaks in names (WHATWG HTML, "multipart form data"). */
function parameter(disposition: string, name: string): string | undefined {
  const found = new RegExp(`(?:^|[;\\s])${name}="([^"]*)"`, "i").exec(disposition)?.[1];
  return found?.replaceAll("%22", '"').replaceAll("%0D", "\r").replaceAll("%0A", "\n");
}
