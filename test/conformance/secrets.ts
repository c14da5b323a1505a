/** The secrets of the conformance apps, the same on every runtime. */

/** The password of the reference app's login. */
export const password = "열려라 참깨 & 100%";

/** What `portico dev` would read from `.env`. */
export const secrets: Readonly<Record<string, string>> = {
  SESSION_KEY: "conformance-session-key",
  ADMIN_PASSWORD: password,
};
