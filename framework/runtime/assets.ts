/** Answers static files from a table: the build's assets and a reader in, one fetch out; only what the table names can be read. */
import type { Fetch } from "./function.ts";
import { canonicalPath } from "./path.ts";
import { problem } from "./problem.ts";

/** A static file as the build saw it. */
export interface AssetInfo {
  /** Canonical URL path: `/style.css`. */
  readonly path: string;
  /** For `read` alone; never compared with anything a client sent. */
  readonly file: string;
  /** Hex hash of the bytes; becomes the strong ETag. */
  readonly hash: string;
  readonly bytes: number;
  /** Content-Type. */
  readonly type: string;
}

/** A folder that was asked for without its last slash. */
export interface FolderRedirect {
  /** The folder's own path, from the table and not from the request: it cannot leave the origin. */
  readonly location: string;
}

/** Reads the bytes of an asset. */
export type ReadAsset<Info extends AssetInfo = AssetInfo> = (asset: Info) => Promise<Uint8Array>;

/** Assets by their canonical path. */
export const assetTable = <Info extends AssetInfo>(assets: readonly Info[]): ReadonlyMap<string, Info> =>
  new Map(assets.map((asset) => [asset.path, asset]));

/** What the table has for a canonical path: a file, a folder's index.html, or the folder that lacks its slash. */
export function findAsset<Info extends AssetInfo>(table: ReadonlyMap<string, Info>, path: string): Info | FolderRedirect | undefined {
  if (path.endsWith("/")) return table.get(`${path}index.html`);
  return table.get(path) ?? (table.has(`${path}/index.html`) ? { location: `${path}/` } : undefined);
}

/** Answers what `findAsset` found, for any method. */
export async function answerAsset<Info extends AssetInfo>(
  request: Request,
  found: Info | FolderRedirect,
  read: ReadAsset<Info>,
): Promise<Response> {
  // RFC 9110 section 15.5.6: a 405 must say what is allowed.
  if (!/^(GET|HEAD)$/.test(request.method)) return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
  if ("location" in found) return new Response(null, { status: 308, headers: { location: found.location + new URL(request.url).search } });
  const etag = `"${found.hash}"`;
  const headers: Record<string, string> = { etag, "cache-control": cacheControl(found.path), "accept-ranges": "bytes" };
  const { status, range } = evaluate(request, etag, found.bytes);
  if (status === 304 || status === 412) return new Response(null, { status, headers });
  if (status === 416) return new Response(null, { status, headers: { ...headers, "content-range": `bytes */${found.bytes}` } });
  headers["content-type"] = found.type;
  const [first, end] = range ?? [0, found.bytes];
  headers["content-length"] = String(end - first);
  if (range) headers["content-range"] = `bytes ${first}-${end - 1}/${found.bytes}`;
  // RFC 9110 section 9.3.2: HEAD has GET's headers and no content.
  if (request.method === "HEAD") return new Response(null, { headers });
  const bytes = await read(found);
  return new Response((range ? bytes.subarray(first, end) : bytes) as Uint8Array<ArrayBuffer>, { status, headers });
}

/**
 * Serves static files: strong ETags, conditional requests and single ranges.
 * @param fallback answers every path that is no asset; our 404 when absent
 */
export function createAssets(assets: readonly AssetInfo[], read: ReadAsset, fallback: Fetch = () => problem(404, "Not Found")): Fetch {
  const table = assetTable(assets);
  return (request, call) => {
    let path: string;
    try {
      path = canonicalPath(new URL(request.url).pathname);
    } catch {
      return problem(400, "Bad Request");
    }
    const found = findAsset(table, path);
    return found ? answerAsset(request, found, read) : fallback(request, call);
  };
}

/** A name that carries 8 or more hex digits of a content hash never changes its bytes; a date (digits alone) or a word is no hash. */
export function cacheControl(path: string): string {
  const hash = /[.-]([0-9a-f]{8,})\.[^/]+$/.exec(path)?.[1];
  const immutable = hash !== undefined && /\d/.test(hash) && /[a-f]/.test(hash);
  return immutable ? "public, max-age=31536000, immutable" : "public, max-age=0, must-revalidate";
}

/** What the preconditions and the Range header come to; `range` is half open. */
interface Evaluation {
  readonly status: 200 | 206 | 304 | 412 | 416;
  readonly range?: readonly [first: number, end: number];
}

/** RFC 9110 section 13.2.2, in its order; dates are ignored, since no asset has a Last-Modified. */
function evaluate(request: Request, etag: string, size: number): Evaluation {
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
function parseRange(header: string, size: number): Evaluation {
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
