/** The members of a request that only `fetch` minds, as they are where nothing was said of them. */

/** Of a request that says nothing about them, in the order in which it is printed; the last is not. */
export const standard = {
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

/** As the getters of a request show them; beside them what `fetch` alone reads: priority, and Node's own dispatcher. */
export type Options = { [Name in keyof typeof standard]: (typeof standard)[Name] extends string ? string : boolean };
