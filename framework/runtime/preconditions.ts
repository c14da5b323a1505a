/** Evaluates the preconditions and the Range header of a request for a static file (RFC 9110 sections 13 and 14). */

/** The status of the response, and with 206 the range of bytes, whose end is exclusive. */
export interface PreconditionResult {
  readonly status: 200 | 206 | 304 | 412 | 416;
  readonly range?: readonly [first: number, end: number];
}

/**
 * Evaluates in the order of RFC 9110 section 13.2.2. Dates are ignored, as sections 13.1.3 and 13.1.4 demand for
 * resources without a modification date, such as these (docs/decisions/012).
 */
export function evaluatePreconditions(request: Request, etag: string, size: number): PreconditionResult {
  const { headers, method } = request;
  const ifMatch = headers.get("if-match");
  if (ifMatch !== null && !includesTag(ifMatch, etag, false)) return { status: 412 };
  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch !== null && includesTag(ifNoneMatch, etag, true)) return { status: 304 };
  // Section 14.2: Range applies to GET alone. Section 13.1.5: If-Range compares strongly, else the full file is sent.
  const range = method === "GET" ? headers.get("range") : null;
  const ifRange = headers.get("if-range");
  if (range === null || (ifRange !== null && ifRange.trim() !== etag)) return { status: 200 };
  return parseRange(range, size);
}

/** Whether `*` or a list has the tag; only a weak comparison ignores `W/` (RFC 9110 section 8.8.3.2). */
export function includesTag(header: string, etag: string, isWeak: boolean): boolean {
  if (header.trim() === "*") return true;
  const tags = header.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? [];
  return tags.some((tag) => (isWeak ? tag.replace(/^W\//, "") : tag) === etag);
}

/**
 * Reads one range of bytes (RFC 9110 section 14.1.2). A header that is malformed, in another unit, or with several
 * ranges is ignored, as section 14.2 allows.
 */
export function parseRange(header: string, size: number): PreconditionResult {
  const [, from, to] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header) ?? [];
  if (from === undefined || to === undefined || from + to === "") return { status: 200 };
  if (from === "") {
    const length = Math.min(Number(to), size);
    if (Number(to) === 0) return { status: 416 };
    // The last bytes of an empty file are the full file; Content-Range cannot express them.
    return length === 0 ? { status: 200 } : { status: 206, range: [size - length, size] };
  }
  const first = Number(from);
  if (to !== "" && Number(to) < first) return { status: 200 };
  if (first >= size) return { status: 416 };
  return { status: 206, range: [first, to === "" ? size : Math.min(Number(to) + 1, size)] };
}
