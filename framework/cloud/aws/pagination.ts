/** Pages of a list: the items after a marker, and the marker of the next page. */

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Undefined on the last page. */
  readonly next: string | undefined;
}

/** Undefined for an invalid marker. The keys must be unique, and the list sorted by them. */
export function pageOf<T>(
  list: readonly T[],
  keyOf: (item: T) => string,
  size: number,
  marker?: string | null,
): Page<T> | undefined {
  let start = 0;
  if (marker) {
    const last = Buffer.from(marker, "base64url").toString();
    start = list.findIndex((item) => keyOf(item) === last) + 1;
    if (start === 0) return undefined;
  }
  const items = list.slice(start, start + size);
  const [tail] = items.slice(-1);
  const next =
    tail !== undefined && start + size < list.length ? Buffer.from(keyOf(tail)).toString("base64url") : undefined;
  return { items, next };
}
