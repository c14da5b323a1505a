/** Articles: reading one, and lists of them. */
import { and, desc, eq, exists, type SQL, sql } from "drizzle-orm";
import type { Db } from "./database.ts";
import { notFound } from "./errors.ts";
import { profileColumns } from "./profiles.ts";
import { articles, favorites, users } from "./schema.ts";
import { withIsoTimes } from "./times.ts";

/** A part of a list. */
export interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** @param reader who asks; undefined for nobody */
function summaryColumns(database: Db, reader: number | undefined) {
  const ofArticle = eq(favorites.article, articles.id);
  const own = database
    .select()
    .from(favorites)
    .where(and(ofArticle, eq(favorites.reader, reader ?? 0)));
  return {
    slug: articles.slug,
    title: articles.title,
    description: articles.description,
    tagList: articles.tags,
    createdAt: articles.createdAt,
    updatedAt: articles.updatedAt,
    favorited: sql<boolean>`${exists(own)}`,
    favoritesCount: database.$count(favorites, ofArticle),
    author: profileColumns(database, reader),
  };
}

/** Throws 404. */
export async function readArticle(database: Db, slug: string, reader: number | undefined) {
  const [article] = await database
    .select({ ...summaryColumns(database, reader), body: articles.body })
    .from(articles)
    .innerJoin(users, eq(users.id, articles.author))
    .where(eq(articles.slug, slug));
  if (!article) throw notFound("article");
  return { article: withIsoTimes(article) };
}

/** The newest first, without bodies; and how many there are on all pages. */
export async function listArticles(database: Db, where: SQL | undefined, page: Page, reader: number | undefined) {
  const found = await database
    .select(summaryColumns(database, reader))
    .from(articles)
    .innerJoin(users, eq(users.id, articles.author))
    .where(where)
    .orderBy(desc(articles.createdAt), desc(articles.id))
    .limit(page.limit)
    .offset(page.offset);
  return { articles: found.map(withIsoTimes), articlesCount: await database.$count(articles, where) };
}
