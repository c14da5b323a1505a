/** The options of a request that only `fetch` reads, such as mode and cache: their defaults and their conversion. */
import { throwTypeError } from "./webidl.ts";

/** The default options, in the order in which a request prints them; the last is not printed. */
export const defaults = {
  destination: "",
  referrer: "about:client",
  referrerPolicy: "",
  mode: "cors",
  credentials: "same-origin",
  cache: "default",
  redirect: "follow",
  integrity: "",
  keepalive: false,
  isReloadNavigation: false,
  isHistoryNavigation: false,
  duplex: "half",
} as const;

/** The options that a request's getters give. `fetch` also reads priority, and Node's own dispatcher. */
export type Options = { [Name in keyof typeof defaults]: (typeof defaults)[Name] extends string ? string : boolean };

/** A converter to a string that matches the pattern. */
const text =
  (allowed: RegExp) =>
  (value: unknown): string => {
    const given = `${value as string}`;
    if (!allowed.test(given)) throwTypeError(`${given} is not allowed`);
    return given;
  };

const converters: Readonly<Record<string, (value: unknown) => unknown>> = {
  referrerPolicy: text(
    /^(|no-referrer(-when-downgrade)?|same-origin|(strict-)?origin(-when-cross-origin)?|unsafe-url)$/,
  ),
  // The fourth mode, navigate, is not allowed here.
  mode: text(/^(same-origin|(no-)?cors)$/),
  credentials: text(/^(omit|same-origin|include)$/),
  cache: text(/^(default|no-(store|cache)|reload|force-cache|only-if-cached)$/),
  redirect: text(/^(follow|manual|error)$/),
  duplex: text(/^half$/),
  priority: text(/^(high|low|auto)$/),
  integrity: text(/^/),
  keepalive: Boolean,
  window: (value) => (value === null ? value : throwTypeError("window must be null")),
  dispatcher: (value) => value,
  referrer(value) {
    const given = text(/^/)(value);
    if (!given) return given;
    const { href, protocol, hostname } = new URL(given);
    return protocol === "about:" && hostname === "client" ? defaults.referrer : href;
  },
};

/**
 * Reads the options of a RequestInit. Throws TypeError for a value that is not allowed.
 * @param from the options of the original request
 */
export function readOptions(init: Readonly<Record<string, unknown>>, from: Options = defaults): Options {
  // As on the platform, the referrer is not inherited, even if the init is empty.
  const options: Options & Record<string, unknown> = { ...from, referrer: defaults.referrer, referrerPolicy: "" };
  for (const name in converters) {
    const value = init[name];
    if (value !== undefined) options[name] = converters[name]!(value);
  }
  if (options.cache === "only-if-cached" && options.mode !== "same-origin")
    throwTypeError("only-if-cached needs the mode same-origin");
  return options;
}
