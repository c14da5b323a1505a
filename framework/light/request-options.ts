/** The members of a RequestInit that only `fetch` minds: an init in, checked values out. */
import { refuse } from "./convert.ts";
import { type Options, standard } from "./options.ts";

/** A text of a kind. */
const text =
  (allowed: RegExp) =>
  (value: unknown): string => {
    const given = `${value as string}`;
    if (!allowed.test(given)) refuse(`${given} is not allowed`);
    return given;
  };

const converters: Readonly<Record<string, (value: unknown) => unknown>> = {
  referrerPolicy: text(/^(|no-referrer(-when-downgrade)?|same-origin|(strict-)?origin(-when-cross-origin)?|unsafe-url)$/),
  // The fourth, navigate, is refused after it was taken.
  mode: text(/^(same-origin|(no-)?cors)$/),
  credentials: text(/^(omit|same-origin|include)$/),
  cache: text(/^(default|no-(store|cache)|reload|force-cache|only-if-cached)$/),
  redirect: text(/^(follow|manual|error)$/),
  duplex: text(/^half$/),
  priority: text(/^(high|low|auto)$/),
  integrity: text(/^/),
  keepalive: Boolean,
  window: (value) => (value === null ? value : refuse("window must be null")),
  dispatcher: (value) => value,
  referrer(value) {
    const given = text(/^/)(value);
    if (!given) return given;
    const { href, protocol, hostname } = new URL(given);
    return protocol === "about:" && hostname === "client" ? standard.referrer : href;
  },
};

/**
 * @param from the options of the request that it is made from. Throws TypeError for a value that is not allowed.
 */
export function readOptions(init: Readonly<Record<string, unknown>>, from: Options = standard): Options {
  // The platform forgets the referrer even where the init is empty.
  const options: Options & Record<string, unknown> = { ...from, referrer: standard.referrer, referrerPolicy: "" };
  for (const name in converters) {
    const value = init[name];
    if (value !== undefined) options[name] = converters[name]!(value);
  }
  if (options.cache === "only-if-cached" && options.mode !== "same-origin") refuse("only-if-cached needs the mode same-origin");
  return options;
}
