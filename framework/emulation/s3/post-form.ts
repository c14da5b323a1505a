/** The multipart/form-data of a POST to a bucket: its fields, and the file (S3 API reference, "POST Object"). */
import { headerValues, type HttpRequest } from "../../model/http-message.ts";
import { invalidArgument, s3Error } from "./errors.ts";

/** A form as it came. */
export interface PostForm {
  /** By lower-case name: those before the file, since S3 ignores what follows it. */
  readonly fields: ReadonlyMap<string, string>;
  /** Of the file, as the browser says it. */
  readonly filename: string;
  readonly file: Uint8Array;
}

/** Bytes of everything before the file. */
const maxHead = 20_480;

/** Throws AwsError: PreconditionFailed for another type of body, MalformedPOSTRequest, InvalidArgument. */
export function readPostForm({ headers, body }: HttpRequest): PostForm {
  const [type = ""] = headerValues(headers, "content-type");
  const [, quoted, plain] =
    /^multipart\/form-data\s*;.*\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined)
    throw s3Error("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold", {
      Condition: "Bucket POST must be of the enclosure-type multipart/form-data",
    });
  const fields = new Map<string, string>();
  for (const { head, content, start } of partsOf(body, boundary)) {
    const [, name] = /^content-disposition:\s*form-data\s*;.*?\bname="([^"]*)"/im.exec(head) ?? [];
    if (name === undefined) throw malformed();
    if (start > maxHead)
      throw s3Error(
        "MaxPostPreDataLengthExceeded",
        400,
        "Your POST request fields preceding the upload file were too large.",
        { MaxPostPreDataLengthBytes: String(maxHead) },
      );
    if (name.toLowerCase() === "file") {
      const [, filename = ""] = /\bfilename="([^"]*)"/i.exec(head) ?? [];
      return { fields, filename: filename.slice(filename.search(/[^/\\]*$/)), file: content };
    }
    if (fields.has(name.toLowerCase())) throw invalidArgument("POST requires exactly one value of a field", name);
    fields.set(name.toLowerCase(), Buffer.from(content).toString());
  }
  throw invalidArgument("POST requires exactly one file upload per request.", "file");
}

const malformed = () =>
  s3Error("MalformedPOSTRequest", 400, "The body of your POST request is not well-formed multipart/form-data.");

/** The parts up to the closing delimiter. Throws MalformedPOSTRequest where it is missing (RFC 2046 section 5.1.1). */
function partsOf(body: Uint8Array, boundary: string) {
  // So that the first delimiter is like the others.
  const bytes = Buffer.concat([Buffer.from("\r\n"), body]);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const parts: { readonly head: string; readonly content: Uint8Array; readonly start: number }[] = [];
  for (let at = bytes.indexOf(delimiter); ;) {
    if (at < 0) throw malformed();
    const line = bytes.indexOf("\r\n", at + delimiter.length);
    const rest = bytes.toString("latin1", at + delimiter.length, line < 0 ? undefined : line);
    if (/^--[ \t]*$/.test(rest)) break;
    const head = bytes.indexOf("\r\n\r\n", line);
    const end = bytes.indexOf(delimiter, head);
    if (line < 0 || !/^[ \t]*$/.test(rest) || head < 0 || end < 0) throw malformed();
    parts.push({ head: bytes.toString("utf8", line, head + 2), content: bytes.subarray(head + 4, end), start: head });
    at = end;
  }
  return parts;
}
