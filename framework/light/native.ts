/** The platform's own `fetch` and, once something needs it, its Response class; neither is touched before. */

/** The platform's fetch. */
export const { fetch: nativeFetch } = globalThis;

let loading: Promise<typeof Response> | undefined;

/** Loads the platform's classes; once they are hidden behind ours, an answer of `fetch` is the only way to them. */
export const nativeResponse = (): Promise<typeof Response> =>
  (loading ??= nativeFetch("data:,").then(({ constructor }) => constructor as typeof Response));
