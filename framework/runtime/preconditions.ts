/** What the preconditions and the Range header of a request for a static file come to: the request, its ETag and its size in, a verdict out. */

/** The status to answer with; `range` is half open and set with 206 alone. */
export interface Verdict {
  readonly status: 200 | 206 | 304 | 412 | 416;
  readonly range?: readonly [first: number, end: number];
}

/**
 * RFC 9110 section 13.2.2, in its order. Dates are ignored, as sections 13.1.3 and 13.1.4 demand of who has no modification date: no
 * static file of ours has one (docs/decisions/012).
 */
export function judge(request: Request, etag: string, size: number): Verdict {
  const { headers, method } = request;
  const ifMatch = headers.get("if-match");
  if (ifMatch !== null && !includesTag(ifMatch, etag, false)) return { status: 412 };
  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch !== null && includesTag(ifNoneMatch, etag, true)) return { status: 304 };
  // Section 14.2: Range means something for GET alone. Section 13.1.5: If-Range compares strongly; anything else gets the whole file.
  const asked = method === "GET" ? headers.get("range") : null;
  const ifRange = headers.get("if-range");
  if (asked === null || (ifRange !== null && ifRange.trim() !== etag)) return { status: 200 };
  return parseRange(asked, size);
}

/** RFC 9110 section 8.8.3.2: a weak comparison ignores `W/`, a strong one refuses it. The header is `*` or a list. */
function includesTag(header: string, etag: string, weak: boolean): boolean {
  if (header.trim() === "*") return true;
  const tags = header.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? [];
  return tags.some((tag) => (weak ? tag.replace(/^W\//, "") : tag) === etag);
}

/**
 * RFC 9110 section 14.1.2: one range of bytes. A header that is malformed, of another unit, or of several ranges is ignored, as
 * section 14.2 allows.
 */
function parseRange(header: string, size: number): Verdict {
  const [, from, to] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header) ?? [];
  if (from === undefined || to === undefined || from + to === "") return { status: 200 };
  if (from === "") {
    const length = Math.min(Number(to), size);
    if (Number(to) === 0) return { status: 416 };
    // The last bytes of an empty file are the whole of it, which no Content-Range can say.
    return length === 0 ? { status: 200 } : { status: 206, range: [size - length, size] };
  }
  const first = Number(from);
  if (to !== "" && Number(to) < first) return { status: 200 };
  if (first >= size) return { status: 416 };
  return { status: 206, range: [first, to === "" ? size : Math.min(Number(to) + 1, size)] };
}
