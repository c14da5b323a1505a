/** Comments with their authors. */
import { asc, eq, type SQL } from "drizzle-orm";
import type { Db } from "./database.ts";
import { profileColumns } from "./profiles.ts";
import { comments, users } from "./schema.ts";
import { withIsoTimes } from "./times.ts";

/** The oldest first. @param reader who asks; undefined for nobody */
export async function listComments(database: Db, where: SQL, reader: number | undefined) {
  const { id, createdAt, updatedAt, body } = comments;
  const found = await database
    .select({ id, createdAt, updatedAt, body, author: profileColumns(database, reader) })
    .from(comments)
    .innerJoin(users, eq(users.id, comments.author))
    .where(where)
    .orderBy(asc(comments.createdAt), asc(comments.id));
  return found.map(withIsoTimes);
}
