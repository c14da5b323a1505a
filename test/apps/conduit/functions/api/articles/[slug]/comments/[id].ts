/** `DELETE /api/articles/:slug/comments/:id`: by whoever wrote it. */
import { and, eq } from "drizzle-orm";
import { resource } from "portico/resource";
import { aboutUser } from "../../../../_lib/about.ts";
import { db } from "../../../../_lib/database.ts";
import { forbidden, notFound } from "../../../../_lib/errors.ts";
import { SlugAndId } from "../../../../_lib/input.ts";
import { requireArticle } from "../../../../_lib/own-articles.ts";
import { comments } from "../../../../_lib/schema.ts";
import { requireUserId } from "../../../../_lib/token.ts";

export const DELETE = resource({ params: SlugAndId }, async ({ params: { slug, id }, ...call }) => {
  const [database, user] = [db(call.context), await requireUserId(call)];
  const article = await requireArticle(database, slug);
  const own = and(eq(comments.id, id), eq(comments.article, article.id));
  const [comment] = await database.select({ author: comments.author }).from(comments).where(own);
  if (!comment) throw notFound("comment");
  if (comment.author !== user) throw forbidden("comment");
  await database.delete(comments).where(own);
});

export const openapi = () => ({ DELETE: aboutUser("Delete a comment", "comments") });
