/**
 * `/cookies`: GET sets two, one with a comma in its date; POST says what came and sets one more by a copied response.
 */
import type { Handler } from "portico";

export const GET: Handler = () => {
  const headers = new Headers();
  headers.append("set-cookie", "first=1; Path=/; Expires=Wed, 21 Oct 2099 07:28:00 GMT; HttpOnly");
  headers.append("set-cookie", `second=${encodeURIComponent("둘; 2")}; Path=/; SameSite=Lax`);
  return new Response("two cookies", { headers });
};

export const POST: Handler = (request) => {
  const first = new Response(request.headers.get("cookie"), { headers: { "set-cookie": "copied=1" } });
  const copy = new Response(first.body, first);
  copy.headers.append("set-cookie", "added=2");
  return copy;
};
