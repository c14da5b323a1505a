/** `/api/profiles/:username/follow`: POST follows an author, DELETE does so no more. */
import { and, eq } from "drizzle-orm";
import { resource } from "portico/resource";
import { aboutUser } from "../../../_lib/about.ts";
import { db } from "../../../_lib/database.ts";
import { Username } from "../../../_lib/input.ts";
import { Profile } from "../../../_lib/output.ts";
import { readProfile, requireAuthorId } from "../../../_lib/profiles.ts";
import { follows } from "../../../_lib/schema.ts";
import { requireUserId } from "../../../_lib/token.ts";

export const POST = resource({ params: Username, response: Profile }, async ({ params: { username }, ...call }) => {
  const [database, reader] = [db(call.context), await requireUserId(call)];
  const author = await requireAuthorId(database, username);
  await database.insert(follows).values({ reader, author }).onConflictDoNothing();
  return readProfile(database, username, reader);
});

export const DELETE = resource({ params: Username, response: Profile }, async ({ params: { username }, ...call }) => {
  const [database, reader] = [db(call.context), await requireUserId(call)];
  const author = await requireAuthorId(database, username);
  await database.delete(follows).where(and(eq(follows.reader, reader), eq(follows.author, author)));
  return readProfile(database, username, reader);
});

export const openapi = () => ({
  POST: aboutUser("Follow", "profiles"),
  DELETE: aboutUser("Unfollow", "profiles"),
});
