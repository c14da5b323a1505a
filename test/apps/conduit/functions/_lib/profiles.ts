/** Users, as others see them. */
import { and, eq, exists, sql } from "drizzle-orm";
import type { Db } from "./database.ts";
import { notFound } from "./errors.ts";
import { follows, users } from "./schema.ts";

/** Columns of a query that has the table `users`. @param reader who asks; undefined for nobody */
export function profileColumns(database: Db, reader: number | undefined) {
  const followed = database
    .select()
    .from(follows)
    // No user has the id 0.
    .where(and(eq(follows.reader, reader ?? 0), eq(follows.author, users.id)));
  return {
    username: users.username,
    bio: users.bio,
    image: users.image,
    following: sql<boolean>`${exists(followed)}`,
  };
}

/** Throws 404. */
export async function readProfile(database: Db, username: string, reader: number | undefined) {
  const columns = profileColumns(database, reader);
  const [profile] = await database.select(columns).from(users).where(eq(users.username, username));
  if (!profile) throw notFound("profile");
  return { profile };
}

/** The id of an author. Throws 404. */
export async function requireAuthorId(database: Db, username: string): Promise<number> {
  const [author] = await database.select({ id: users.id }).from(users).where(eq(users.username, username));
  if (!author) throw notFound("profile");
  return author.id;
}
