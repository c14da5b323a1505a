/** The members of a RequestInit that only `fetch` minds: an init in, checked values out. */

/** As the getters of a request show them. */
export interface Options {
  readonly referrer: string;
  readonly referrerPolicy: string;
  readonly mode: string;
  readonly credentials: string;
  readonly cache: string;
  readonly redirect: string;
  readonly integrity: string;
  readonly keepalive: boolean;
  readonly destination: string;
  readonly isReloadNavigation: boolean;
  readonly isHistoryNavigation: boolean;
  readonly duplex: string;
}

/** Of a request that says nothing about them; what follows `keepalive` is the same for any. */
export const standard: Options = {
  referrer: "about:client",
  referrerPolicy: "",
  mode: "cors",
  credentials: "same-origin",
  cache: "default",
  redirect: "follow",
  integrity: "",
  keepalive: false,
  destination: "",
  isReloadNavigation: false,
  isHistoryNavigation: false,
  duplex: "half",
};

/** The values of each enumeration, in one text. */
const enumerations: Readonly<Record<string, string>> = {
  referrerPolicy:
    ",no-referrer,no-referrer-when-downgrade,same-origin,origin,strict-origin,origin-when-cross-origin,strict-origin-when-cross-origin,unsafe-url",
  mode: "navigate,same-origin,no-cors,cors",
  credentials: "omit,same-origin,include",
  cache: "default,no-store,reload,no-cache,force-cache,only-if-cached",
  redirect: "follow,manual,error",
  duplex: "half",
  priority: "high,low,auto",
};

const names = [...Object.keys(enumerations), "referrer", "integrity", "keepalive", "window", "dispatcher"];

/**
 * Beside them the result has what `fetch` alone reads: priority, and Node's own dispatcher.
 * @param from the options of the request that it is made from. Throws TypeError for a value that is not allowed.
 */
export function readOptions(init: Readonly<Record<string, unknown>>, from: Options | undefined): Options {
  // The platform forgets the referrer even where the init is empty.
  let options: Record<string, unknown> | undefined = from && { ...from, referrer: standard.referrer, referrerPolicy: "" };
  for (const name of names) {
    const value = init[name];
    if (value !== undefined) (options ??= { ...standard })[name] = convert(name, value);
  }
  if (!options) return standard;
  const { window: _, ...read } = options as unknown as Options & { readonly window: unknown };
  if (init["mode"] === "navigate") throw new TypeError("invalid request mode navigate.");
  if (read.cache === "only-if-cached" && read.mode !== "same-origin")
    throw new TypeError("'only-if-cached' can be set only with 'same-origin' mode");
  return read;
}

function convert(name: string, value: unknown): unknown {
  if (name === "keepalive") return Boolean(value);
  if (name === "dispatcher") return value;
  if (name === "window") {
    if (value !== null) throw new TypeError("'window' option must be null");
    return value;
  }
  const text = `${value as string}`;
  const allowed = enumerations[name]?.split(",");
  if (allowed && !allowed.includes(text)) throw new TypeError(`${text} is not an accepted type for ${name}.`);
  if (name !== "referrer" || text === "") return text;
  const { href, protocol, hostname } = new URL(text);
  return protocol === "about:" && hostname === "client" ? standard.referrer : href;
}
