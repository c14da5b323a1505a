/** `/api/user`: whoever is signed in. */
import { eq } from "drizzle-orm";
import { resource } from "portico/resource";
import { hashPassword } from "portico/password";
import * as v from "valibot";
import { aboutUser } from "../_lib/about.ts";
import { db } from "../_lib/database.ts";
import { refusal } from "../_lib/errors.ts";
import { all, some, text } from "../_lib/input.ts";
import { User } from "../_lib/output.ts";
import { users } from "../_lib/schema.ts";
import { requireUserId } from "../_lib/token.ts";
import { email, password, toUser, username, writeUser } from "../_lib/users.ts";

const Changes = all({
  user: some({ username, email, password, bio: v.nullable(text), image: v.nullable(text) }),
});

export const GET = resource({ response: User }, async (call) => {
  const id = await requireUserId(call);
  const [user] = await db(call.context).select().from(users).where(eq(users.id, id));
  if (!user) throw refusal(401, { token: ["is invalid"] });
  return toUser(call.context, user);
});

export const PUT = resource({ body: Changes, response: User }, async ({ body, ...call }) => {
  const id = await requireUserId(call);
  const changes = { ...body.user };
  if (changes.password !== undefined) changes.password = await hashPassword(changes.password);
  const user = await writeUser(db(call.context).update(users).set(changes).where(eq(users.id, id)).returning());
  if (!user) throw refusal(401, { token: ["is invalid"] });
  return toUser(call.context, user);
});

export const openapi = () => ({
  GET: aboutUser("Who is signed in", "users"),
  PUT: aboutUser("Change what is given", "users"),
});
