/** The platform's own `fetch`, taken before ours is in its place; to take it loads nothing. */
export const { fetch: nativeFetch } = globalThis;
