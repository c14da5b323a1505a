/** What an app does with its database, each in tables of its own, through Drizzle; the answers are JSON. */
import { asc, count, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { bigint, boolean, integer, jsonb, numeric, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import type { Pool } from "pg";
import { isForeignKey, isInvalidText, isSerialization, isUnique } from "portico/postgres";

type Check = (pool: Pool) => Promise<unknown>;

/** Two tables with names that nothing else has. */
async function tablesIn(pool: Pool) {
  const id = crypto.randomUUID().replaceAll("-", "");
  const [people, posts] = [`people_${id}`, `posts_${id}`];
  await pool.query(
    `CREATE TABLE ${people} (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, email text NOT NULL,
       admin boolean NOT NULL DEFAULT false, prefs jsonb, big bigint, price numeric(10, 2), token uuid,
       made timestamptz NOT NULL DEFAULT now(), CONSTRAINT ${people}_email UNIQUE (email));
     CREATE TABLE ${posts} (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
       author int NOT NULL CONSTRAINT ${posts}_author REFERENCES ${people} ON DELETE CASCADE, title text NOT NULL)`,
  );
  return {
    db: drizzle(pool),
    people: pgTable(people, {
      id: integer().primaryKey().generatedAlwaysAsIdentity(),
      email: text().notNull(),
      admin: boolean().notNull().default(false),
      prefs: jsonb(),
      big: bigint({ mode: "bigint" }),
      price: numeric(),
      token: uuid(),
      made: timestamp({ withTimezone: true }).notNull().defaultNow(),
    }),
    posts: pgTable(posts, {
      id: integer().primaryKey().generatedAlwaysAsIdentity(),
      author: integer().notNull(),
      title: text().notNull(),
    }),
    constraints: { email: `${people}_email`, author: `${posts}_author` },
  };
}

const thrown = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

const token = "00000000-0000-4000-8000-000000000001";

/** By the path of the route. */
export const checks: Readonly<Record<string, Check>> = {
  async types(pool) {
    const { db, people } = await tablesIn(pool);
    const values = { email: "가@x", prefs: { a: [1, "나"] }, big: 9_007_199_254_740_993n, price: "12.30", token };
    const [row] = await db.insert(people).values(values).returning();
    const { made, big, ...rest } = row!;
    return { ...rest, big: String(big), isNow: Math.abs(Date.now() - made.getTime()) < 60_000 };
  },
  async errors(pool) {
    const { db, people, posts, constraints } = await tablesIn(pool);
    await db.insert(people).values({ email: "a" });
    const unique = await thrown(db.insert(people).values({ email: "a" }));
    const reference = await thrown(db.insert(posts).values({ author: 99, title: "t" }));
    const text = await thrown(db.insert(people).values({ email: "a\0" }));
    const json = await thrown(db.insert(people).values({ email: "b", prefs: { a: ["\0"] } }));
    const [{ n }] = (await db.select({ n: count() }).from(people)) as [{ n: number }];
    return [
      [isUnique(unique), isUnique(unique, constraints.email), isUnique(unique, "other"), isForeignKey(unique)],
      [isForeignKey(reference), isForeignKey(reference, constraints.author), isUnique(reference)],
      [isSerialization(unique), isUnique(undefined), n],
      [isInvalidText(text), isInvalidText(json), isInvalidText(unique)],
    ];
  },
  async queries(pool) {
    const { db, people, posts } = await tablesIn(pool);
    await db.insert(people).values([{ email: "a" }, { email: "b" }]);
    await db.insert(posts).values([
      { author: 1, title: "한글" },
      { author: 1, title: "z" },
    ]);
    await db
      .insert(people)
      .values({ email: "a" })
      .onConflictDoUpdate({ target: people.email, set: { admin: true } });
    const joined = await db
      .select({ email: people.email, admin: people.admin, n: count(posts.id) })
      .from(people)
      .leftJoin(posts, eq(posts.author, people.id))
      .groupBy(people.id)
      .orderBy(asc(people.email));
    await db.delete(people).where(eq(people.email, "a"));
    return [joined, await db.select({ n: count() }).from(posts)];
  },
  async transaction(pool) {
    const { db, people } = await tablesIn(pool);
    await db.transaction((tx) => tx.insert(people).values({ email: "kept" }));
    const undone = db.transaction(async (tx) => {
      await tx.insert(people).values({ email: "undone" });
      await tx.transaction((inner) => inner.insert(people).values({ email: "inner" }));
      throw new Error("stop");
    });
    const error = (await thrown(undone)) as Error;
    return [error.message, await db.select({ email: people.email }).from(people)];
  },
  async parallel(pool) {
    const db = drizzle(pool);
    const all = Array.from({ length: 20 }, (_, at) =>
      db.execute<{ n: number }>(sql`select ${at}::int as n, pg_sleep(0.01)`),
    );
    return (await Promise.all(all)).map(({ rows }) => rows[0]!.n);
  },
  async large(pool) {
    const { rows } = await pool.query<{ n: number }>("select n from generate_series(1, 50000) n");
    const text_ = await pool.query<{ t: string }>("select repeat('가', 1000000) as t");
    return [rows.length, rows.at(-1), text_.rows[0]!.t.length];
  },
  async prepared(pool) {
    const db = drizzle(pool);
    const again = db
      .select({ one: sql<number>`${sql.placeholder("one")}::int` })
      .from(sql`(values (1)) v`)
      .prepare("again");
    const found = [await again.execute({ one: 1 }), await again.execute({ one: 2 })];
    return [found, (await pool.query("select count(*)::int as n from pg_prepared_statements")).rows];
  },
};
