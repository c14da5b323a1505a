import { html as safe } from "hono/html";
import list from "../_views/list.jinja";

export const GET = (request: Request): Response => {
  const names = new URL(request.url).searchParams.getAll("name");
  const users = names.map((name) => ({ name }));
  return list(
    { title: "한 <list>", users, extra: safe`<i>${"<"}</i>` },
    { status: 203, headers: { "x-page": "list" } },
  );
};
