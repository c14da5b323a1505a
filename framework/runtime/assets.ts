/** Answers static files from a table: the build's assets and a reader in, one fetch out; only what the table names can be read. */
import { chooseEncoding, takesHtml } from "./accept.ts";
import type { Fetch } from "./function.ts";
import { canonicalPath } from "./path.ts";
import { judge } from "./preconditions.ts";
import { problem } from "./problem.ts";

/** Bytes that can be read. */
export interface AssetBytes {
  /** For `read` alone; never compared with anything a client sent. */
  readonly file: string;
  /** Hex hash of the bytes; becomes the strong ETag. */
  readonly hash: string;
  readonly bytes: number;
}

/** A static file as the build saw it. */
export interface AssetInfo extends AssetBytes {
  /** Canonical URL path: `/style.css`. */
  readonly path: string;
  /** Content-Type. */
  readonly type: string;
  /** What hosting.json says beside or in place of our own; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The same file compressed beforehand, best first. */
  readonly encodings?: readonly (AssetBytes & { readonly encoding: string })[];
}

/** A folder that was asked for without its last slash. */
export interface FolderRedirect {
  /** The folder's own path, from the table and not from the request: it cannot leave the origin. */
  readonly location: string;
}

/** Reads the bytes from `first` up to `end`, and no others. */
export type ReadAsset = (source: AssetBytes, first: number, end: number) => Promise<Uint8Array | ReadableStream<Uint8Array>>;

/** What a static answer is made for: GET or HEAD of some headers. */
type Asked = Pick<Request, "method" | "headers" | "url">;

/** Assets by their canonical path. */
export const assetTable = <Info extends Pick<AssetInfo, "path">>(assets: readonly Info[]): ReadonlyMap<string, Info> =>
  new Map(assets.map((asset) => [asset.path, asset]));

/** What the table has for a canonical path: a file, a folder's index.html, or the folder that lacks its slash. */
export function findAsset<Info extends Pick<AssetInfo, "path">>(
  table: ReadonlyMap<string, Info>,
  path: string,
): Info | FolderRedirect | undefined {
  if (path.endsWith("/")) return table.get(`${path}index.html`);
  return table.get(path) ?? (table.has(`${path}/index.html`) ? { location: `${path}/` } : undefined);
}

/** Always asked again before it is used: a release changes it. */
const revalidated = "public, max-age=0, must-revalidate";

/** 405 for what is neither GET nor HEAD, which RFC 9110 section 15.5.6 wants with what is allowed. */
export const refuseMethod = ({ method }: Pick<Request, "method">): Response | undefined =>
  /^(GET|HEAD)$/.test(method) ? undefined : new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });

/** To the folder with its slash, the query kept. */
export const answerRedirect = (request: Asked, { location }: FolderRedirect): Response =>
  refuseMethod(request) ??
  new Response(null, {
    status: 308,
    headers: { location: location + new URL(request.url).search, "cache-control": revalidated },
  });

/** Answers what `findAsset` found, for any method. */
export async function answerAsset(request: Request, found: AssetInfo | FolderRedirect, read: ReadAsset): Promise<Response> {
  const refused = refuseMethod(request);
  if (refused) return refused;
  if ("location" in found) return answerRedirect(request, found);
  const source = selectSource(request, found);
  const etag = `"${source.hash}"`;
  const headers: Record<string, string> = { etag, "accept-ranges": "bytes", ...ownHeaders(found) };
  if (found.encodings) headers["vary"] = "accept-encoding";
  const { status, range } = judge(request, etag, source.bytes);
  if (status === 304 || status === 412) return new Response(null, { status, headers });
  if (status === 416) return new Response(null, { status, headers: { ...headers, "content-range": `bytes */${source.bytes}` } });
  headers["content-type"] ??= found.type;
  if ("encoding" in source) headers["content-encoding"] = String(source.encoding);
  const [first, end] = range ?? [0, source.bytes];
  headers["content-length"] = String(end - first);
  if (range) headers["content-range"] = `bytes ${first}-${end - 1}/${source.bytes}`;
  // RFC 9110 section 9.3.2: HEAD has GET's headers and no content.
  return new Response(request.method === "HEAD" ? null : toBody(await read(source, first, end)), { status, headers });
}

/**
 * The 404 where neither a file nor a route is: the app's own page for who reads HTML, our JSON for everyone else.
 * @param page the asset `/404.html`, where there is one
 */
export async function answerMissing(request: Asked, page: AssetInfo | undefined, read: ReadAsset): Promise<Response> {
  if (!page || !wantsPage(request)) return missing(page !== undefined);
  const { bytes, type } = page;
  const headers = { "content-type": type, ...ownHeaders(page), "content-length": String(bytes), vary: "accept" };
  return new Response(request.method === "HEAD" ? null : toBody(await read(page, 0, bytes)), { status: 404, headers });
}

/** Who gets the app's own 404 page. */
export const wantsPage = ({ method, headers }: Asked): boolean => /^(GET|HEAD)$/.test(method) && takesHtml(headers.get("accept"));

/** Our JSON 404. @param varies there is a page for others, so caches must tell them apart */
export function missing(varies: boolean): Response {
  const response = problem(404, "Not Found");
  if (varies) response.headers.set("vary", "accept");
  return response;
}

/** The path of the app's own 404 page. */
export const missingPage = "/404.html";

/** Serves static files: strong ETags, conditional requests and single ranges; what is no asset is a 404. */
export function createAssets(assets: readonly AssetInfo[], read: ReadAsset): Fetch {
  const table = assetTable(assets);
  return (request) => {
    let path: string;
    try {
      path = canonicalPath(new URL(request.url).pathname);
    } catch {
      return problem(400, "Bad Request");
    }
    const found = findAsset(table, path);
    return found ? answerAsset(request, found, read) : answerMissing(request, table.get(missingPage), read);
  };
}

/** A name that carries 8 or more hex digits of a content hash never changes its bytes; a date (digits alone) or a word is no hash. */
export function isHashed(path: string): boolean {
  const hash = /[.-]([0-9a-f]{8,})\.[^/]+$/.exec(path)?.[1];
  return hash !== undefined && /\d/.test(hash) && /[a-f]/.test(hash);
}

/** Cache-Control of what never changes: for a year, the longest that caches take. */
export const immutable = "public, max-age=31536000, immutable";

const ownHeaders = ({ path, headers }: AssetInfo): Record<string, string> => ({
  "cache-control": isHashed(path) ? immutable : revalidated,
  ...headers,
});

/** A range is one of the plain bytes: what a client has of an encoding it cannot add to. */
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
