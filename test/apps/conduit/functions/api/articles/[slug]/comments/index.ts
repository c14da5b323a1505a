/** `/api/articles/:slug/comments`. */
import { eq } from "drizzle-orm";
import { created, resource } from "portico/resource";
import { about, aboutUser } from "../../../../_lib/about.ts";
import { listComments } from "../../../../_lib/comments.ts";
import { db } from "../../../../_lib/database.ts";
import { all, filled, Slug } from "../../../../_lib/input.ts";
import { Comment, Comments } from "../../../../_lib/output.ts";
import { requireArticle } from "../../../../_lib/own-articles.ts";
import { comments } from "../../../../_lib/schema.ts";
import { readUserId, requireUserId } from "../../../../_lib/token.ts";

const NewComment = all({ comment: all({ body: filled(10_000) }) });

export const GET = resource({ params: Slug, response: Comments }, async ({ params, ...call }) => {
  const database = db(call.context);
  const { id } = await requireArticle(database, params.slug);
  return { comments: await listComments(database, eq(comments.article, id), await readUserId(call)) };
});

export const POST = resource(
  { params: Slug, body: NewComment, response: Comment },
  async ({ params: { slug }, body, ...call }) => {
    const [database, author] = [db(call.context), await requireUserId(call)];
    const article = (await requireArticle(database, slug)).id;
    const values = { article, author, body: body.comment.body };
    const [added] = await database.insert(comments).values(values).returning({ id: comments.id });
    const [comment] = await listComments(database, eq(comments.id, added!.id), author);
    return created({ comment: comment! }, `/api/articles/${slug}/comments/${added!.id}`);
  },
);

export const openapi = () => ({
  GET: about("Comments, oldest first", "comments"),
  POST: aboutUser("Comment on an article", "comments"),
});
