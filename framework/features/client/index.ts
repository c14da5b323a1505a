/** The entry `portico/client`: calls an app's routes by their types, which `portico types` writes. */
import type { Problem } from "../resource/problem.ts";
import type { Client, ClientOptions, UntypedOptions } from "./client-types.ts";

export type { InputError, Problem } from "../resource/problem.ts";
export type { Client, ClientOptions, Json, RequestOptions } from "./client-types.ts";

/** An answer that is no success. */
export class ClientError extends Error {
  declare readonly status: number;
  /** What application/problem+json says; other JSON as it came, and text as the detail. */
  declare readonly problem: Partial<Problem>;

  constructor(status: number, problem: Partial<Problem>) {
    super(`${status} ${problem?.detail ?? problem?.title ?? ""}`);
    Object.assign(this, { name: "ClientError", status, problem });
  }
}

/**
 * Makes a client: `createClient<Routes>("https://example.com").get("/notes/[id]", { params: { id } })`. Its calls give
 * the JSON of the answer, and reject with ClientError for a status that is no success.
 * @param origin where the app is, without a slash at its end; empty for the page's own in a browser
 */
export const createClient = <Routes>(
  origin: string,
  { headers: common, fetch: send = fetch }: ClientOptions = {},
): Client<Routes> => {
  const call = async (
    method: string,
    path: string,
    { params, query, body, headers, ...others }: UntypedOptions = {},
  ): Promise<unknown> => {
    const search = new URLSearchParams();
    for (const name in query)
      for (const value of [query[name]].flat()) if (value !== undefined) search.append(name, value as string);
    const json = JSON.stringify(body) as string | undefined;
    // A name in another spelling takes the place of the one before.
    const all = new Headers(json === undefined ? {} : { "content-type": "application/json" });
    for (const own of [common, headers]) for (const name in own) all.set(name, own[name]!);
    const response = await send(`${origin}${toPath(path, params) || "/"}?${search}`.replace(/\?$/, ""), {
      method,
      headers: all,
      ...(json && { body: json }),
      ...others,
    });
    const isJson = /json/.test(response.headers.get("content-type")!);
    const value: unknown = isJson ? await response.json() : (await response.text()) || undefined;
    if (response.ok) return value;
    throw new ClientError(response.status, isJson ? (value as Partial<Problem>) : { detail: value as string });
  };
  return Object.fromEntries(
    ["get", "post", "put", "patch", "delete"].map((name) => [name, call.bind(null, name.toUpperCase())]),
  ) as unknown as Client<Routes>;
};

/** Throws TypeError for a value that a path cannot hold: an empty one, and dots, which a URL resolves. */
const toPath = (path: string, params: UntypedOptions["params"]): string =>
  path.replace(/\/(\[*)(\.{3})?([^/\]]+)\]*/g, (_, brackets: string, rest: string | undefined, name: string) => {
    const value = brackets ? params?.[name] : name;
    // An optional rest goes with its slash.
    if (value === undefined && brackets[1]) return "";
    const part = encodeURIComponent((value ?? "") as string);
    const whole = rest ? part.replaceAll("%2F", "/") : part;
    if (/(^|\/)\.{0,2}(\/|$)/.test(whole)) throw new TypeError(`"${value as string}" is no ${name}`);
    return `/${whole}`;
  });
