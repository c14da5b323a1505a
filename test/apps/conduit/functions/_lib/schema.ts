/** The tables. `npx portico migrate new NAME` writes the migration for what is changed here. */
import { index, integer, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";

const id = () => integer().primaryKey().generatedAlwaysAsIdentity();

const time = (column: string) => timestamp(column, { withTimezone: true }).notNull().defaultNow();

const userId = () =>
  integer()
    .notNull()
    .references(() => users.id, { onDelete: "cascade" });

const articleId = () =>
  integer()
    .notNull()
    .references(() => articles.id, { onDelete: "cascade" });

export const users = pgTable("users", {
  id: id(),
  email: text().notNull().unique(),
  username: text().notNull().unique(),
  /** Of `hashPassword`. */
  password: text().notNull(),
  bio: text(),
  image: text(),
});

/** The feed of a reader has what the author writes. */
export const follows = pgTable("follows", { reader: userId(), author: userId() }, (table) => [
  primaryKey({ columns: [table.reader, table.author] }),
]);

export const articles = pgTable(
  "articles",
  {
    id: id(),
    author: userId(),
    slug: text().notNull().unique(),
    title: text().notNull(),
    description: text().notNull(),
    body: text().notNull(),
    tags: text().array().notNull(),
    createdAt: time("created_at"),
    updatedAt: time("updated_at"),
  },
  (table) => [index().on(table.author), index().on(table.createdAt), index().using("gin", table.tags)],
);

export const favorites = pgTable("favorites", { article: articleId(), reader: userId() }, (table) => [
  primaryKey({ columns: [table.article, table.reader] }),
]);

export const comments = pgTable(
  "comments",
  {
    id: id(),
    article: articleId(),
    author: userId(),
    body: text().notNull(),
    createdAt: time("created_at"),
    updatedAt: time("updated_at"),
  },
  (table) => [index().on(table.article)],
);
