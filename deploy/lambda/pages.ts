/** API Gateway's paging, for which its SDK has no paginators: a call that takes a token in, all items out. */

/** One page of a list. */
interface Page<T> {
  readonly Items?: T[] | undefined;
  readonly NextToken?: string | undefined;
}

/** Reads pages, one after the other, until one has no token. */
export async function allPages<T>(read: (page: { readonly NextToken?: string }) => Promise<Page<T>>): Promise<readonly T[]> {
  const all: T[] = [];
  let token: string | undefined;
  do {
    const { Items = [], NextToken } = await read(token ? { NextToken: token } : {});
    all.push(...Items);
    token = NextToken;
  } while (token);
  return all;
}
