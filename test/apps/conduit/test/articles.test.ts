/** The app in the process of a test, on a database of its own: an article from its draft to a reader's feed. */
// @module-tag check
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ClientError, createClient } from "portico/client";
import { testApp, testDatabase } from "portico/testing";
import type { Routes } from "../routes.d.ts";

const root = join(import.meta.dirname, "..");
const app = await testApp({ root, databases: { DB: await testDatabase({ root }) } });
afterAll(() => app.close());

/** A client of the types of the routes, for a new user. */
async function signUp(username: string) {
  const api = (token?: string) =>
    createClient<Routes>("http://localhost", {
      fetch: (url, init) => app.fetch(url, init),
      ...(token !== undefined && { headers: { authorization: `Token ${token}` } }),
    });
  const body = { user: { username, email: `${username}@example.com`, password: "correct horse" } };
  const { user } = await api().post("/api/users", { body });
  return api(user.token);
}

test("an article comes to the feed of whoever follows its author", async () => {
  const [ada, grace] = [await signUp("ada"), await signUp("grace")];
  await grace.post("/api/profiles/[username]/follow", { params: { username: "ada" } });
  const draft = { title: "Notes on the Engine", description: "What it can do", body: "It weaves.", tagList: ["looms"] };
  const { article } = await ada.post("/api/articles", { body: { article: draft } });
  expect(article).toMatchObject({ slug: "notes-on-the-engine", tagList: ["looms"], favoritesCount: 0 });
  const feed = await grace.get("/api/articles/feed");
  expect(feed.articles.map(({ slug, author }) => [slug, author.following])).toEqual([[article.slug, true]]);
});

test("an address that somebody has is refused", async () => {
  await signUp("edith");
  const refused = await signUp("edith").catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ClientError);
  expect(refused).toMatchObject({ status: 409, problem: { errors: { email: ["has already been taken"] } } });
});
