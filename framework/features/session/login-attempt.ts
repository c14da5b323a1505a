/** `loginAttempt`: counts attempts to sign in, and refuses more than somebody makes who knows the password. */
import { networkOf } from "../../runtime/client-address.ts";
import { jsonError } from "../../runtime/error-response.ts";
import type { Context } from "../../runtime/handler.ts";
import type { Store } from "../store/store.ts";
import { type SessionContext, sessionOf } from "./call-session.ts";
import { missingStore } from "./session-error.ts";

/** Attempts that a window of time has room for. */
export interface AttemptLimits {
  /** For one account from one address. 5 by default. */
  readonly pair?: number;
  /** From one address, whatever the account. 50 by default. */
  readonly address?: number;
  /**
   * For one account from all addresses, 100 by default. More are slowed down to one in ten seconds, but for addresses
   * that signed in to the account within 30 days: a lock would let anybody lock its owner out.
   */
  readonly account?: number;
  /** Seconds of a window. 900 by default. */
  readonly window?: number;
}

/** What became of an attempt. */
export interface LoginAttempt {
  /** 429 with Retry-After (RFC 6585 section 4): answer it, and look at no password. */
  readonly blocked: Response | undefined;
}

/** Seconds between attempts for an account that has too many. */
const pause = 10;

const month = 30 * 86_400;

/**
 * Counts an attempt, before any password is hashed. `login` forgives it.
 * @param account as it was typed, such as an email address; case and spaces around it do not matter
 */
export async function loginAttempt(
  context: SessionContext,
  account: string,
  { pair = 5, address = 50, account: ofAccount = 100, window = 900 }: AttemptLimits = {},
): Promise<LoginAttempt> {
  const session = sessionOf(context);
  if (!session.store) throw missingStore("loginAttempt");
  const counts: Store<number> = session.store(context, "portico/logins");
  const now = Date.now() / 1000;
  const network = networkOf(context as Context);
  const name = account.trim().normalize("NFKC").toLowerCase();
  const [pairKey, addressKey, accountKey, pauseKey] = await Promise.all([
    keyOf("pair", name, network),
    keyOf("address", network),
    keyOf("account", name),
    keyOf("pause", name),
  ]);
  const inWindow = (key: string, by: number, seconds = window): Promise<number> =>
    counts.add(`${key}/${seconds}/${Math.floor(now / seconds)}`, by, { ttl: seconds });
  const blocked = (seconds: number): LoginAttempt => {
    const response = jsonError(429, "Too many attempts to sign in");
    response.headers.set("retry-after", `${Math.ceil(seconds - (now % seconds))}`);
    return { blocked: response };
  };

  const [ofPair, ofAddress] = await Promise.all([inWindow(pairKey, 1), inWindow(addressKey, 1)]);
  if (ofPair > pair || ofAddress > address) return blocked(window);
  const isMany = (await inWindow(accountKey, 1)) > ofAccount;
  if (isMany && !(await counts.get(`known/${pairKey}`)) && (await inWindow(pauseKey, 1, pause)) > 1)
    return blocked(pause);

  session.forgive = () =>
    Promise.all([
      inWindow(pairKey, -ofPair),
      inWindow(addressKey, -1),
      inWindow(accountKey, -1),
      counts.set(`known/${pairKey}`, 1, { ttl: month }),
    ]);
  return { blocked: undefined };
}

/** A hash, since a key has at most 512 bytes, and so that the store has no list of addresses. */
async function keyOf(kind: "pair" | "address" | "account" | "pause", ...parts: readonly string[]): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify([kind, ...parts])));
  return Buffer.from(digest).toString("base64url").slice(0, 22);
}
