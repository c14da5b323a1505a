/** Cuts a list into the numbered pages that Cloudflare's API answers, with their result_info. */
import { invalid } from "./cloudflare-error.ts";
import type { PageInfo } from "./response-envelope.ts";

/** `?page=` from 1 and `?per_page=` up to `maxSize`. Throws CloudflareError for other values. */
export function pageOf<T>(
  list: readonly T[],
  query: URLSearchParams,
  defaultSize: number,
  maxSize: number,
): { readonly items: readonly T[]; readonly info: PageInfo } {
  const page = numberOf(query, "page", 1, Number.MAX_SAFE_INTEGER);
  const size = numberOf(query, "per_page", defaultSize, maxSize);
  const items = list.slice((page - 1) * size, page * size);
  return {
    items,
    info: {
      page,
      per_page: size,
      count: items.length,
      total_count: list.length,
      total_pages: Math.ceil(list.length / size),
    },
  };
}

function numberOf(query: URLSearchParams, name: string, fallback: number, max: number): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw invalid(`${name} must be a number from 1 to ${max}`, 10004);
  return value;
}
