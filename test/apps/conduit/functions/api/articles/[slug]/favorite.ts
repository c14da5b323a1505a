/** `/api/articles/:slug/favorite`: POST makes it one of the reader's favourites, DELETE does so no more. */
import { and, eq } from "drizzle-orm";
import { resource } from "portico/resource";
import { aboutUser } from "../../../_lib/about.ts";
import { readArticle } from "../../../_lib/articles.ts";
import { db } from "../../../_lib/database.ts";
import { Slug } from "../../../_lib/input.ts";
import { Article } from "../../../_lib/output.ts";
import { requireArticle } from "../../../_lib/own-articles.ts";
import { favorites } from "../../../_lib/schema.ts";
import { requireUserId } from "../../../_lib/token.ts";

export const POST = resource({ params: Slug, response: Article }, async ({ params: { slug }, ...call }) => {
  const [database, reader] = [db(call.context), await requireUserId(call)];
  const { id } = await requireArticle(database, slug);
  await database.insert(favorites).values({ reader, article: id }).onConflictDoNothing();
  return readArticle(database, slug, reader);
});

export const DELETE = resource({ params: Slug, response: Article }, async ({ params: { slug }, ...call }) => {
  const [database, reader] = [db(call.context), await requireUserId(call)];
  const { id } = await requireArticle(database, slug);
  await database.delete(favorites).where(and(eq(favorites.reader, reader), eq(favorites.article, id)));
  return readArticle(database, slug, reader);
});

export const openapi = () => ({
  POST: aboutUser("Favourite an article", "favorites"),
  DELETE: aboutUser("Favourite it no more", "favorites"),
});
