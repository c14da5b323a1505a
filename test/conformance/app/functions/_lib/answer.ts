/** What every echoing route of this app answers: the request as the handler saw it. */

/** Header lists stay lists of pairs, so that a case can tell joined from repeated. */
export const seen = async (request: Request) => ({
  method: request.method,
  url: request.url,
  query: [...new URL(request.url).searchParams],
  headers: Object.fromEntries(request.headers),
  body: await request.text(),
});
