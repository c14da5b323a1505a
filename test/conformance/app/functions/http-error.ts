/** `/http-error?status=404` throws an HttpError with a header and a cause. */
import { type Handler, HttpError } from "portico";

export const GET: Handler = (request) => {
  const status = Number(new URL(request.url).searchParams.get("status"));
  throw new HttpError(status, `because ${status} 이유`, {
    headers: { "x-reason": "asked" },
    cause: new Error("secret cause"),
  });
};
