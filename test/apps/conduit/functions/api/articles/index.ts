/** `/api/articles`: all articles, by tag, author or reader; and new ones. */
import { and, arrayContains, eq, inArray } from "drizzle-orm";
import { created, resource } from "portico/resource";
import * as v from "valibot";
import { about, aboutUser } from "../../_lib/about.ts";
import { listArticles, readArticle } from "../../_lib/articles.ts";
import { type Db, db } from "../../_lib/database.ts";
import { all, filled, page, text } from "../../_lib/input.ts";
import { Article, Articles } from "../../_lib/output.ts";
import { tags, title, toSlug, writeArticle } from "../../_lib/own-articles.ts";
import { articles, favorites, users } from "../../_lib/schema.ts";
import { readUserId, requireUserId } from "../../_lib/token.ts";

const Filter = v.object({
  tag: v.optional(text),
  author: v.optional(text),
  favorited: v.optional(text),
  ...page,
});

const NewArticle = all({
  article: all({ title, description: filled(1000), body: filled(100_000), tagList: v.optional(tags, []) }),
});

const byAuthor = (database: Db, username: string) =>
  inArray(articles.author, database.select({ id: users.id }).from(users).where(eq(users.username, username)));

const favoritedBy = (database: Db, username: string) =>
  inArray(
    articles.id,
    database
      .select({ id: favorites.article })
      .from(favorites)
      .innerJoin(users, eq(users.id, favorites.reader))
      .where(eq(users.username, username)),
  );

export const GET = resource({ query: Filter, response: Articles }, async ({ query, ...call }) => {
  const [database, reader] = [db(call.context), await readUserId(call)];
  const { tag, author, favorited } = query;
  const where = and(
    tag === undefined ? undefined : arrayContains(articles.tags, [tag]),
    author === undefined ? undefined : byAuthor(database, author),
    favorited === undefined ? undefined : favoritedBy(database, favorited),
  );
  return listArticles(database, where, query, reader);
});

export const POST = resource({ body: NewArticle, response: Article }, async ({ body, ...call }) => {
  const [database, author] = [db(call.context), await requireUserId(call)];
  const { tagList, ...texts } = body.article;
  const slug = toSlug(texts.title);
  await writeArticle(database.insert(articles).values({ ...texts, slug, author, tags: tagList }));
  return created(await readArticle(database, slug, author), `/api/articles/${slug}`);
});

export const openapi = () => ({
  GET: about("Articles, newest first", "articles"),
  POST: aboutUser("Write an article", "articles"),
});
