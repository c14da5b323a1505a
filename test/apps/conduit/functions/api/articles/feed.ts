/** `GET /api/articles/feed`: what authors wrote whom the reader follows. */
import { eq, inArray } from "drizzle-orm";
import { resource } from "portico/resource";
import * as v from "valibot";
import { aboutUser } from "../../_lib/about.ts";
import { listArticles } from "../../_lib/articles.ts";
import { db } from "../../_lib/database.ts";
import { page } from "../../_lib/input.ts";
import { Articles } from "../../_lib/output.ts";
import { articles, follows } from "../../_lib/schema.ts";
import { requireUserId } from "../../_lib/token.ts";

export const GET = resource({ query: v.object(page), response: Articles }, async ({ query, ...call }) => {
  const [database, reader] = [db(call.context), await requireUserId(call)];
  const followed = database.select({ id: follows.author }).from(follows).where(eq(follows.reader, reader));
  return listArticles(database, inArray(articles.author, followed), query, reader);
});

export const openapi = () => ({ GET: aboutUser("Articles of authors that you follow", "articles") });
