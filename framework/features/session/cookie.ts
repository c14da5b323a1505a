/** The sealed cookie that a session is kept in: its name, its keys and its content. */
import { sealData, unsealData } from "iron-session";
import { SessionError } from "./session-error.ts";

/**
 * Who is signed in, as `login` was told; JSON. Apps add to it: `declare module "portico/session" { interface User … }`.
 */
export interface User {
  readonly id: string | number;
}

/** A login, from `login` to `logout`. */
export interface Login {
  /** Random, and another for each login. */
  readonly id: string;
  readonly user: User;
  /** How often the user's sessions had been revoked when it began. */
  readonly generation: number;
}

/** What a cookie keeps; nobody else can read or write it. Times are milliseconds since 1970. */
export interface Content {
  /** The version of this form. */
  readonly v: 1;
  /** When the session began. */
  readonly start: number;
  /** When its cookie was made. */
  readonly seen: number;
  readonly login?: Login | undefined;
  readonly data: Readonly<Record<string, unknown>>;
  readonly flash: readonly string[];
}

/** Bytes of a cookie, attributes included, that every browser keeps (RFC 6265 section 6.1). */
const longest = 4096;

/** Whether a request has the cookie of a session, under either of its names. */
export const hasCookie = ({ headers }: Request): boolean =>
  /(?:^|;) *(?:__Host-)?session=./.test(headers.get("cookie") ?? "");

/**
 * The cookie's name: `__Host-session`, or `session` over plain HTTP to this machine, where browsers refuse that prefix.
 * Undefined over plain HTTP to another machine: browsers drop a Secure cookie, and anybody on the way reads another.
 */
function nameFor(request: Request): string | undefined {
  const { protocol, hostname } = new URL(request.url);
  if (protocol === "https:") return "__Host-session";
  return /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname) ? "session" : undefined;
}

/** The keys of a secret. */
interface Keys {
  readonly secret: string;
  /** The first, which seals. */
  readonly first: Readonly<Record<string, string>>;
  /** All, which open. */
  readonly all: Readonly<Record<string, string>>;
}

/**
 * A key's id is from its hash: by its place, a key that is taken away would give its id, and its sessions, to another.
 * The id is a number and readable in the cookie.
 */
async function idOf(key: string): Promise<number> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  return new DataView(digest).getUint32(0);
}

/** Those of the last request, since every one needs them. */
let last: Keys | undefined;

/** @param secret keys between spaces, the newest first */
async function keysOf(secret = ""): Promise<Keys> {
  if (last?.secret === secret) return last;
  const keys = secret.split(/\s+/).filter(Boolean);
  if (keys.length === 0 || keys.some(({ length }) => length < 32))
    throw new SessionError(
      "SESSION_KEYS",
      `the secret SESSION_KEYS ${keys.length > 0 ? "has a key of fewer than 32 characters" : "has no value"}: ` +
        'run portico secret set SESSION_KEYS="$(openssl rand -hex 32)" --stage NAME',
    );
  const entries = await Promise.all(keys.map(async (key) => [await idOf(key), key] as const));
  return (last = { secret, first: Object.fromEntries([entries[0]!]), all: Object.fromEntries(entries) });
}

/** The content of a request's cookie; undefined where there is none, or none that a key of ours sealed. */
export async function readCookie(request: Request, secret: string | undefined): Promise<Content | undefined> {
  const { all } = await keysOf(secret);
  const name = nameFor(request);
  if (!name) return undefined;
  const pairs = request.headers.get("cookie")?.split(/; */) ?? [];
  const sealed = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
  // What follows the tilde is not sealed.
  if (!sealed || sealed.length > longest || !/^[^~]+~2$/.test(sealed)) return undefined;
  // A bad seal gives an empty object.
  const content = await unsealData<Partial<Content>>(sealed, { password: all, ttl: 0 });
  return content.v === 1 ? (content as Content) : undefined;
}

/**
 * The Set-Cookie line of a content; without one, the line that takes the cookie away (RFC 6265 section 4.1).
 * @param seconds that the browser keeps it
 */
export async function toSetCookie(
  request: Request,
  secret: string | undefined,
  content: Content | undefined,
  seconds: number,
): Promise<string> {
  const name = nameFor(request);
  if (!name)
    throw new SessionError(
      "SESSION_INSECURE",
      `a session needs HTTPS, and ${request.url} has none: behind a proxy, run portico start --trust-proxy`,
    );
  const value = content ? await sealData(content, { password: (await keysOf(secret)).first, ttl: 0 }) : "";
  const attributes = `Max-Age=${content ? seconds : 0}; Path=/; HttpOnly; SameSite=Lax`;
  return `${name}=${value}; ${attributes}${name === "session" ? "" : "; Secure"}`;
}
