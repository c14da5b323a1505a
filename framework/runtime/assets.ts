/** Serves static files that a table lists: ETags, conditional requests, ranges, encodings and the 404 page. */
import { chooseEncoding, acceptsHtml } from "./content-negotiation.ts";
import type { Fetch } from "./route-function.ts";
import { canonicalPath } from "./path.ts";
import { evaluatePreconditions } from "./preconditions.ts";
import { jsonError } from "./error-response.ts";

/** A file that can be read. */
export interface AssetBytes {
  /** The argument of `ReadAsset`; never compared with what a client sent. */
  readonly file: string;
  /** Hex hash of the bytes; becomes the strong ETag. */
  readonly hash: string;
  readonly bytes: number;
}

/** A static file, as the build lists it. */
export interface AssetInfo extends AssetBytes {
  /** Canonical URL path: `/style.css`. */
  readonly path: string;
  /** Content-Type. */
  readonly type: string;
  /** From hosting.json, added to the default headers or replacing them; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The file in compressed forms, best first. */
  readonly encodings?: readonly (AssetBytes & { readonly encoding: string })[];
}

/** The redirect from a folder's path without its last slash. */
export interface FolderRedirect {
  /** The folder's path, which comes from the table and so stays on this origin. */
  readonly location: string;
}

/** Reads the bytes from `first` up to `end`, exclusive. */
export type ReadAsset = (
  source: AssetBytes,
  first: number,
  end: number,
) => Promise<Uint8Array | ReadableStream<Uint8Array>>;

/** The parts of a request that select a static file's response. */
type AssetRequest = Pick<Request, "method" | "headers" | "url">;

/** Assets by their canonical path. */
export const assetTable = <Info extends Pick<AssetInfo, "path">>(assets: readonly Info[]): ReadonlyMap<string, Info> =>
  new Map(assets.map((asset) => [asset.path, asset]));

/** Finds a file at a canonical path, a folder's index.html, or the redirect to the folder's path with a slash. */
export function findAsset<Info extends Pick<AssetInfo, "path">>(
  table: ReadonlyMap<string, Info>,
  path: string,
): Info | FolderRedirect | undefined {
  if (path.endsWith("/")) return table.get(`${path}index.html`);
  return table.get(path) ?? (table.has(`${path}/index.html`) ? { location: `${path}/` } : undefined);
}

/** Caches must revalidate on every use, since a release may change the file. */
const revalidated = "public, max-age=0, must-revalidate";

/** 405 for a method other than GET and HEAD, with Allow (RFC 9110 section 15.5.6). */
export const refuseMethod = ({ method }: Pick<Request, "method">): Response | undefined =>
  /^(GET|HEAD)$/.test(method) ? undefined : new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });

/** Redirects to the folder's path with its slash and the request's query. */
export const answerRedirect = (request: AssetRequest, { location }: FolderRedirect): Response =>
  refuseMethod(request) ??
  new Response(null, {
    status: 308,
    headers: { location: location + new URL(request.url).search, "cache-control": revalidated },
  });

/** Answers a request for what `findAsset` found, whatever its method. */
export async function answerAsset(
  request: Request,
  found: AssetInfo | FolderRedirect,
  read: ReadAsset,
): Promise<Response> {
  const refused = refuseMethod(request);
  if (refused) return refused;
  if ("location" in found) return answerRedirect(request, found);
  const source = selectSource(request, found);
  const etag = `"${source.hash}"`;
  const headers: Record<string, string> = { etag, "accept-ranges": "bytes", ...ownHeaders(found) };
  if (found.encodings) headers["vary"] = "accept-encoding";
  const { status, range } = evaluatePreconditions(request, etag, source.bytes);
  if (status === 304 || status === 412) return new Response(null, { status, headers });
  if (status === 416)
    return new Response(null, { status, headers: { ...headers, "content-range": `bytes */${source.bytes}` } });
  headers["content-type"] ??= found.type;
  if ("encoding" in source) headers["content-encoding"] = String(source.encoding);
  const [first, end] = range ?? [0, source.bytes];
  headers["content-length"] = String(end - first);
  if (range) headers["content-range"] = `bytes ${first}-${end - 1}/${source.bytes}`;
  // RFC 9110 section 9.3.2: HEAD has GET's headers and no content.
  return new Response(request.method === "HEAD" ? null : toBody(await read(source, first, end)), { status, headers });
}

/**
 * The 404 of a path with neither file nor route: the app's own page for clients that accept HTML, else JSON.
 * @param page the asset `/404.html`, where there is one
 */
export async function answerNotFound(
  request: AssetRequest,
  page: AssetInfo | undefined,
  read: ReadAsset,
): Promise<Response> {
  if (!page || !acceptsPage(request)) return notFound(page !== undefined);
  const { bytes, type } = page;
  const headers = { "content-type": type, ...ownHeaders(page), "content-length": String(bytes), vary: "accept" };
  return new Response(request.method === "HEAD" ? null : toBody(await read(page, 0, bytes)), { status: 404, headers });
}

/** Whether the client gets the app's own 404 page. */
export const acceptsPage = ({ method, headers }: AssetRequest): boolean =>
  /^(GET|HEAD)$/.test(method) && acceptsHtml(headers.get("accept"));

/** The JSON 404. @param varies whether other clients get a page, so that caches must look at Accept */
export function notFound(varies: boolean): Response {
  const response = jsonError(404, "Not Found");
  if (varies) response.headers.set("vary", "accept");
  return response;
}

/** The path of the app's own 404 page. */
export const notFoundPage = "/404.html";

/** Serves static files, with strong ETags, conditional requests and single ranges; every other path is a 404. */
export function createAssets(assets: readonly AssetInfo[], read: ReadAsset): Fetch {
  const table = assetTable(assets);
  return (request) => {
    let path: string;
    try {
      path = canonicalPath(new URL(request.url).pathname);
    } catch {
      return jsonError(400, "Bad Request");
    }
    const found = findAsset(table, path);
    return found ? answerAsset(request, found, read) : answerNotFound(request, table.get(notFoundPage), read);
  };
}

/**
 * Whether a file's name carries a content hash, so that its bytes never change: 8 or more hex digits, with both digits
 * and letters, since digits alone may be a date and letters alone a word.
 */
export function isImmutableAsset(path: string): boolean {
  const hash = /[.-]([0-9a-f]{8,})\.[^/]+$/.exec(path)?.[1];
  return hash !== undefined && /\d/.test(hash) && /[a-f]/.test(hash);
}

/** Cache-Control of a file that never changes: one year, the longest time that caches accept. */
export const immutable = "public, max-age=31536000, immutable";

const ownHeaders = ({ path, headers }: AssetInfo): Record<string, string> => ({
  "cache-control": isImmutableAsset(path) ? immutable : revalidated,
  ...headers,
});

/** The file in the encoding to send; a range is always of the bytes without encoding. */
function selectSource({ headers }: Request, found: AssetInfo): AssetBytes {
  const { encodings } = found;
  if (!encodings || headers.has("range")) return found;
  const chosen = chooseEncoding(
    headers.get("accept-encoding"),
    encodings.map(({ encoding }) => encoding),
  );
  return encodings.find(({ encoding }) => encoding === chosen) ?? found;
}

const toBody = (content: Uint8Array | ReadableStream<Uint8Array>): BodyInit => content as Uint8Array<ArrayBuffer>;
