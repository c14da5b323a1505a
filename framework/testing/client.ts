/** A visitor of an app under test: keeps cookies from request to request, as a browser does (RFC 6265). */

/** A visitor. */
export interface TestClient {
  /**
   * As `app.fetch`, with the visitor's cookies, and with the `Origin` and `Sec-Fetch-Site` that a browser sends from
   * the app's own pages. It follows no redirect.
   */
  fetch(path: string | Request, init?: RequestInit): Promise<Response>;
  /** The values of the cookies by name. */
  readonly cookies: Readonly<Record<string, string>>;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  /** Epoch milliseconds; Infinity for one that ends with the session. */
  readonly expires: number;
}

/** @param send sends a request to the app @param now the app's time */
export function createClient(send: (request: Request) => Promise<Response>, now: () => number): TestClient {
  const jar = new Map<string, Cookie>();
  const current = (): readonly Cookie[] => [...jar.values()].filter(({ expires }) => expires > now());
  return {
    async fetch(path, init) {
      const request = toRequest(path, init);
      const { origin, pathname } = new URL(request.url);
      const cookies = current().filter((cookie) => isWithin(pathname, cookie.path));
      const text = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
      const headers = { ...(text && { cookie: text }), origin, "sec-fetch-site": "same-origin" };
      for (const [name, value] of Object.entries(headers))
        if (!request.headers.has(name)) request.headers.set(name, value);
      const response = await send(request);
      for (const line of response.headers.getSetCookie()) {
        const cookie = parseCookie(line, pathname, now());
        if (cookie) jar.set(`${cookie.name} ${cookie.path}`, cookie);
      }
      return response;
    },
    get cookies() {
      return Object.fromEntries(current().map(({ name, value }) => [name, value]));
    },
  };
}

/** A Request for the app. @param path of the app, or a URL */
export const toRequest = (path: string | Request, init?: RequestInit): Request =>
  new Request(typeof path === "string" ? new URL(path, "http://localhost") : path, init);

/** RFC 6265, section 5.1.4. */
const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);

/** RFC 6265, section 5.2: `Max-Age` comes before `Expires`. Undefined for a line without a name. */
function parseCookie(line: string, pathname: string, now: number): Cookie | undefined {
  const [pair = "", ...rest] = line.split(";");
  const at = pair.indexOf("=");
  if (at < 1) return undefined;
  const attributes = new Map(
    rest.map((text) => {
      const [name = "", ...value] = text.split("=");
      return [name.trim().toLowerCase(), value.join("=").trim()] as const;
    }),
  );
  const path = attributes.get("path") ?? "";
  const [age, date] = [attributes.get("max-age"), attributes.get("expires")];
  const ends = age !== undefined && /^-?\d+$/.test(age) ? now + Number(age) * 1000 : Date.parse(date ?? "");
  return {
    name: pair.slice(0, at).trim(),
    value: pair.slice(at + 1).trim(),
    path: path.startsWith("/") ? path : pathname.slice(0, Math.max(1, pathname.lastIndexOf("/"))),
    expires: Number.isNaN(ends) ? Infinity : ends,
  };
}
