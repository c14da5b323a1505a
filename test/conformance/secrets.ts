/** The secrets of the conformance apps, the same on every runtime. */

/** The keys of sessions: the one that seals, and an older one that still opens. */
export const sessionKeys = ["conformance-new-key-of-sessions-0001", "conformance-old-key-of-sessions-0000"] as const;

/** What `portico dev` would read from `.env`. */
export const secrets: Readonly<Record<string, string>> = {
  SESSION_KEY: "conformance-session-key",
  SESSION_KEYS: sessionKeys.join(" "),
  TOKEN_KEY: "conformance-token-key",
  RATES_KEY: "conformance-rates-key",
};
