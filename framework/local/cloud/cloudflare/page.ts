/** Cloudflare's numbered pages: a list and a query in, one page and its result_info out. */
import { invalid } from "./cloudflare-error.ts";
import type { ResultInfo } from "./envelope.ts";

/** `?page=` from 1 and `?per_page=` up to `most`. Throws CloudflareError for numbers that are none. */
export function pageOf<T>(
  list: readonly T[],
  query: URLSearchParams,
  usual: number,
  most: number,
): { readonly items: readonly T[]; readonly info: ResultInfo } {
  const page = numberOf(query, "page", 1, Number.MAX_SAFE_INTEGER);
  const size = numberOf(query, "per_page", usual, most);
  const items = list.slice((page - 1) * size, page * size);
  return {
    items,
    info: { page, per_page: size, count: items.length, total_count: list.length, total_pages: Math.ceil(list.length / size) },
  };
}

function numberOf(query: URLSearchParams, name: string, usual: number, most: number): number {
  const text = query.get(name);
  if (text === null) return usual;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) throw invalid(`${name} must be a number from 1 to ${most}`, 10004);
  return value;
}
