/** Articles, as their authors write them. */
import { eq } from "drizzle-orm";
import { isUnique } from "portico/postgres";
import * as v from "valibot";
import type { Db } from "./database.ts";
import { forbidden, notFound, refusal } from "./errors.ts";
import { filled } from "./input.ts";
import { articles } from "./schema.ts";

/** Of at least a letter or a digit, so that the slug is not empty. */
export const title = v.pipe(filled(200), v.regex(/[\p{L}\p{N}]/u, "has no letter and no digit"));

export const tags = v.pipe(v.array(filled(40)), v.maxLength(20, "are too many (maximum is 20)"));

/** `how-to-train-your-dragon`; letters of any script stay. */
export const toSlug = (title: string): string =>
  title
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter(Boolean)
    .join("-");

/** Throws 404. */
export async function requireArticle(database: Db, slug: string): Promise<{ id: number; author: number }> {
  const [found] = await database
    .select({ id: articles.id, author: articles.author })
    .from(articles)
    .where(eq(articles.slug, slug));
  if (!found) throw notFound("article");
  return found;
}

/** The article's id. Throws 404, and 403 where somebody else wrote it. */
export async function requireOwnArticle(database: Db, slug: string, author: number): Promise<number> {
  const found = await requireArticle(database, slug);
  if (found.author !== author) throw forbidden("article");
  return found.id;
}

/** Runs an insert or update of an article: a title that would have the slug of another is 409. */
export async function writeArticle(write: PromiseLike<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (isUnique(error, "articles_slug_unique")) throw refusal(409, { title: ["has already been taken"] });
    throw error;
  }
}
