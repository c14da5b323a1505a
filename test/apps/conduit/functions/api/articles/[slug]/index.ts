/** `/api/articles/:slug`. */
import { eq, sql } from "drizzle-orm";
import { resource } from "portico/resource";
import { about, aboutUser } from "../../../_lib/about.ts";
import { readArticle } from "../../../_lib/articles.ts";
import { db } from "../../../_lib/database.ts";
import { all, filled, Slug, some } from "../../../_lib/input.ts";
import { Article } from "../../../_lib/output.ts";
import { requireOwnArticle, tags, title, toSlug, writeArticle } from "../../../_lib/own-articles.ts";
import { articles } from "../../../_lib/schema.ts";
import { readUserId, requireUserId } from "../../../_lib/token.ts";

const Changes = all({
  article: some({ title, description: filled(1000), body: filled(100_000), tagList: tags }),
});

export const GET = resource({ params: Slug, response: Article }, async ({ params, ...call }) =>
  readArticle(db(call.context), params.slug, await readUserId(call)),
);

export const PUT = resource({ params: Slug, body: Changes, response: Article }, async ({ params, body, ...call }) => {
  const [database, author] = [db(call.context), await requireUserId(call)];
  const id = await requireOwnArticle(database, params.slug, author);
  const { tagList, ...texts } = body.article;
  const slug = texts.title === undefined ? params.slug : toSlug(texts.title);
  const changes = { ...texts, slug, tags: tagList, updatedAt: sql`now()` };
  await writeArticle(database.update(articles).set(changes).where(eq(articles.id, id)));
  return readArticle(database, slug, author);
});

export const DELETE = resource({ params: Slug }, async ({ params, ...call }) => {
  const database = db(call.context);
  const id = await requireOwnArticle(database, params.slug, await requireUserId(call));
  await database.delete(articles).where(eq(articles.id, id));
});

export const openapi = () => ({
  GET: about("An article", "articles"),
  PUT: aboutUser("Change what is given; a new title makes a new slug", "articles"),
  DELETE: aboutUser("Delete an article, with its comments", "articles"),
});
