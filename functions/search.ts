/** `/search?q=word&tag=a&tag=b`: the query of the request's URL, as every browser and server of the Web reads it. */
import { type Handler, HttpError } from "portico";

export const GET: Handler = (request) => {
  const query = new URL(request.url).searchParams;
  const q = query.get("q");
  if (q === null) throw new HttpError(400, "Say what to search for: /search?q=word");
  return Response.json({ q, tags: query.getAll("tag") });
};
