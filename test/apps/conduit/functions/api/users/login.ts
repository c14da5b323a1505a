/** `POST /api/users/login`. */
import { eq } from "drizzle-orm";
import { resource } from "portico/resource";
import { verifyPassword } from "portico/password";
import { about } from "../../_lib/about.ts";
import { db } from "../../_lib/database.ts";
import { refusal } from "../../_lib/errors.ts";
import { all, filled } from "../../_lib/input.ts";
import { User } from "../../_lib/output.ts";
import { users } from "../../_lib/schema.ts";
import { email, toUser } from "../../_lib/users.ts";

const Login = all({ user: all({ email, password: filled(1000) }) });

export const POST = resource({ body: Login, response: User }, async ({ body, context }) => {
  const database = db(context);
  const [user] = await database.select().from(users).where(eq(users.email, body.user.email));
  const verified = await verifyPassword(body.user.password, user?.password);
  if (!user || !verified) throw refusal(401, { credentials: ["invalid"] });
  const { newHash } = verified;
  if (newHash !== undefined) await database.update(users).set({ password: newHash }).where(eq(users.id, user.id));
  return toUser(context, user);
});

export const openapi = () => ({ POST: about("Log in", "users") });
