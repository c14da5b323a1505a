/** Cases: RealWorld's API, as test/apps/conduit answers it from Postgres; each run registers users of its own. */
import { expect } from "vitest";
import { type Answer, type Case, type Step, type Story, textOf } from "../case.ts";

const password = "열려라 참깨 & 100%";

/** What a client knows after these answers: the newest token of a user. */
const tokenOf = (name: string, answers: readonly Answer[]): string => {
  const users = answers
    .filter(({ status }) => status < 300)
    .map((answer) => textOf(answer))
    .flatMap((text) => (text.startsWith(`{"user":`) ? [JSON.parse(text) as { user: User }] : []));
  return users.findLast(({ user }) => user.username === name)?.user.token ?? "";
};

interface User {
  readonly username: string;
  readonly token: string;
}

interface Request {
  /** Who asks; a user that was registered in the same case. */
  readonly as?: string;
  /** In place of a user's token. */
  readonly authorization?: string;
  readonly body?: unknown;
}

/** `GET /articles`, with `/api` before the path. */
const step = (
  words: string | ((story: Story) => string),
  { as, authorization, body }: Request,
  status: number,
  json?: unknown,
): Step => ({
  ask: (story) => {
    const [method = "", path = ""] = (typeof words === "string" ? words : words(story)).split(" ");
    const token = authorization ?? (as === undefined ? undefined : `Token ${tokenOf(as, story.answers)}`);
    return {
      method,
      target: `/api${path}`,
      headers: [
        ...(token === undefined ? [] : [["Authorization", token] as const]),
        ...(body === undefined ? [] : [["Content-Type", "application/json"] as const]),
      ],
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    };
  },
  expect: { status, ...(json === undefined ? { body: "" } : { json }) },
});

const errors = (all: Readonly<Record<string, readonly string[]>>) => ({ errors: all });

/** One of them has a name that is no part of an address. */
const emailOf = (username: string): string => `${username === "해리" ? "harry" : username}@example.com`;

const user = (username: string, more: object = {}) => ({
  user: {
    email: emailOf(username),
    token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    username,
    bio: null,
    image: null,
    ...more,
  },
});

const register = (username: string): Step =>
  step(
    "POST /users",
    { body: { user: { username, email: emailOf(username).toUpperCase(), password } } },
    201,
    user(username),
  );

const profile = (username: string, more: object = {}) => ({
  username,
  bio: null,
  image: null,
  following: false,
  ...more,
});

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown;

/** As lists have it. */
const summary = (author: string, title: string, more: object = {}) => ({
  slug: title.toLowerCase().replaceAll(" ", "-"),
  title,
  description: `On ${title}`,
  tagList: [],
  createdAt: time,
  updatedAt: time,
  favorited: false,
  favoritesCount: 0,
  author: profile(author),
  ...more,
});

const article = (author: string, title: string, more: object = {}) => ({
  article: { ...summary(author, title), body: "가나다", ...more },
});

const publish = (as: string, title: string, tagList: readonly string[] = []): Step =>
  step(
    "POST /articles",
    { as, body: { article: { title, description: `On ${title}`, body: "가나다", tagList } } },
    201,
    article(as, title, { tagList }),
  );

const list = (...articles: readonly object[]) => ({ articles, articlesCount: articles.length });

const comment = (author: string, body: string) => ({
  id: expect.any(Number) as unknown,
  createdAt: time,
  updatedAt: time,
  body,
  author: profile(author),
});

const idOf = (answer: Answer | undefined): string =>
  String((JSON.parse(textOf(answer!)) as { comment: { id: number } }).comment.id);

const blank = ["can't be blank"];

const accounts: Case = {
  name: "users register, log in, change, and are refused",
  app: "conduit",
  steps: [
    register("jake"),
    step("POST /users", { body: { user: { username: "jake", email: "other@example.com", password } } }, 409, {
      errors: { username: ["has already been taken"] },
    }),
    step("POST /users", { body: { user: { username: "other", email: "JAKE@example.com", password } } }, 409, {
      errors: { email: ["has already been taken"] },
    }),
    step("POST /users", { body: { user: { username: " ", email: "no address" } } }, 422, {
      errors: {
        username: ["can't be blank", "may have letters, digits, _ and - only"],
        email: ["is invalid"],
        password: blank,
      },
    }),
    step("POST /users", { body: {} }, 422, errors({ user: blank })),
    step("POST /users", { body: "{" }, 400, errors({ body: ["The body is not JSON"] })),
    step("POST /users/login", { body: { user: { email: "jake@example.com", password } } }, 200, user("jake")),
    step(
      "POST /users/login",
      { body: { user: { email: "jake@example.com", password: "wrong" } } },
      401,
      errors({ credentials: ["invalid"] }),
    ),
    step(
      "POST /users/login",
      { body: { user: { email: "nobody@example.com", password } } },
      401,
      errors({ credentials: ["invalid"] }),
    ),
    step("GET /user", { as: "jake" }, 200, user("jake")),
    step("GET /user", {}, 401, errors({ token: ["is missing"] })),
    step("GET /user", { authorization: "Token a.b.c" }, 401, errors({ token: ["is invalid"] })),
    step("GET /user", { authorization: "Basic amFrZTpqYWtl" }, 401, errors({ token: ["is invalid"] })),
    step(
      "PUT /user",
      { as: "jake", body: { user: { bio: "I work at 국수집", image: "https://example.com/a.png" } } },
      200,
      user("jake", { bio: "I work at 국수집", image: "https://example.com/a.png" }),
    ),
    step("PUT /user", { as: "jake", body: { user: {} } }, 422, errors({ user: ["can't be empty"] })),
    step("PUT /user", { as: "jake", body: { user: { password: "a new password", image: null } } }, 200, {
      ...user("jake", { bio: "I work at 국수집" }),
    }),
    step(
      "POST /users/login",
      { body: { user: { email: "jake@example.com", password: "a new password" } } },
      200,
      user("jake", { bio: "I work at 국수집" }),
    ),
  ],
};

const reading: Case = {
  name: "profiles are followed, and the feed has what their authors write",
  app: "conduit",
  steps: [
    register("ada"),
    register("해리"),
    step("GET /profiles/ada", {}, 200, { profile: profile("ada") }),
    step("GET /profiles/nobody", {}, 404, errors({ profile: ["not found"] })),
    step("GET /articles/feed", { as: "해리" }, 200, list()),
    publish("ada", "Notes on the Engine", ["machines", "수학"]),
    step("POST /profiles/ada/follow", {}, 401, errors({ token: ["is missing"] })),
    step("POST /profiles/nobody/follow", { as: "해리" }, 404, errors({ profile: ["not found"] })),
    step("POST /profiles/ada/follow", { as: "해리" }, 200, { profile: profile("ada", { following: true }) }),
    step("POST /profiles/ada/follow", { as: "해리" }, 200, { profile: profile("ada", { following: true }) }),
    step("GET /profiles/ada", { as: "해리" }, 200, { profile: profile("ada", { following: true }) }),
    step(`GET /profiles/${encodeURIComponent("해리")}`, { as: "ada" }, 200, { profile: profile("해리") }),
    step(
      "GET /articles/feed",
      { as: "해리" },
      200,
      list(
        summary("ada", "Notes on the Engine", {
          tagList: ["machines", "수학"],
          author: profile("ada", { following: true }),
        }),
      ),
    ),
    step("GET /articles/feed", {}, 401, errors({ token: ["is missing"] })),
    step("DELETE /profiles/ada/follow", { as: "해리" }, 200, { profile: profile("ada") }),
    step("GET /articles/feed", { as: "해리" }, 200, list()),
  ],
};

const writing: Case = {
  name: "articles are written, listed, changed and deleted by their authors",
  app: "conduit",
  steps: [
    register("mary"),
    register("percy"),
    publish("mary", "First Light", ["novels"]),
    publish("mary", "Second Thoughts", ["novels", "letters"]),
    publish("percy", "Ozymandias", ["poems"]),
    step("POST /articles", { body: { article: { title: "a", description: "b", body: "c" } } }, 401, {
      errors: { token: ["is missing"] },
    }),
    step(
      "POST /articles",
      { as: "percy", body: { article: { title: "first light!", description: "b", body: "c" } } },
      409,
      errors({ title: ["has already been taken"] }),
    ),
    step(
      "POST /articles",
      { as: "percy", body: { article: { title: "", description: "b\0", tagList: ["a", 1] } } },
      422,
      errors({
        title: ["can't be blank", "has no letter and no digit"],
        description: ["has a character that no text may have"],
        body: blank,
        tagList: ["Invalid type: Expected string but received 1"],
      }),
    ),
    step("GET /articles/first-light", {}, 200, article("mary", "First Light", { tagList: ["novels"] })),
    step("GET /articles/none", {}, 404, errors({ article: ["not found"] })),
    step("GET /articles/%00", {}, 422, errors({ slug: ["has a character that no text may have"] })),
    step(
      "GET /articles?author=mary",
      {},
      200,
      list(
        summary("mary", "Second Thoughts", { tagList: ["novels", "letters"] }),
        summary("mary", "First Light", { tagList: ["novels"] }),
      ),
    ),
    step("GET /articles?author=mary&limit=1&offset=1", {}, 200, {
      articles: [summary("mary", "First Light", { tagList: ["novels"] })],
      articlesCount: 2,
    }),
    step("GET /articles?tag=poems", {}, 200, list(summary("percy", "Ozymandias", { tagList: ["poems"] }))),
    step("GET /articles?limit=0", {}, 422, errors({ limit: ["Invalid value: Expected >=1 but received 0"] })),
    step("POST /articles/ozymandias/favorite", { as: "mary" }, 200, {
      article: {
        ...article("percy", "Ozymandias", { tagList: ["poems"], favorited: true, favoritesCount: 1 }).article,
      },
    }),
    step(
      "GET /articles?favorited=mary",
      { as: "percy" },
      200,
      list(summary("percy", "Ozymandias", { tagList: ["poems"], favoritesCount: 1 })),
    ),
    step(
      "DELETE /articles/ozymandias/favorite",
      { as: "mary" },
      200,
      article("percy", "Ozymandias", { tagList: ["poems"] }),
    ),
    step("POST /articles/none/favorite", { as: "mary" }, 404, errors({ article: ["not found"] })),
    step("PUT /articles/ozymandias", { as: "mary", body: { article: { body: "mine" } } }, 403, {
      errors: { article: ["forbidden"] },
    }),
    step("DELETE /articles/ozymandias", { as: "mary" }, 403, errors({ article: ["forbidden"] })),
    step(
      "PUT /articles/ozymandias",
      { as: "percy", body: { article: { title: "왕들의 왕 1818" } } },
      200,
      article("percy", "왕들의 왕 1818", { description: "On Ozymandias", tagList: ["poems"] }),
    ),
    step("GET /articles/ozymandias", {}, 404, errors({ article: ["not found"] })),
    step(
      `GET /articles/${encodeURIComponent("왕들의-왕-1818")}`,
      {},
      200,
      article("percy", "왕들의 왕 1818", { description: "On Ozymandias", tagList: ["poems"] }),
    ),
    {
      ...step("GET /tags", {}, 200, {}),
      expect: { status: 200, json: { tags: expect.arrayContaining(["letters", "novels", "poems"]) as unknown } },
    },
    step("DELETE /articles/first-light", { as: "mary" }, 204),
    step("GET /articles/first-light", {}, 404, errors({ article: ["not found"] })),
  ],
};

const talking: Case = {
  name: "comments are added, listed, and deleted by whoever wrote them",
  app: "conduit",
  steps: [
    register("emily"),
    register("branwell"),
    publish("emily", "Heights"),
    step("GET /articles/heights/comments", {}, 200, { comments: [] }),
    step("POST /articles/heights/comments", { body: { comment: { body: "?" } } }, 401, {
      errors: { token: ["is missing"] },
    }),
    step("POST /articles/heights/comments", { as: "branwell", body: { comment: { body: "" } } }, 422, {
      errors: { body: blank },
    }),
    step("POST /articles/heights/comments", { as: "branwell", body: { comment: { body: "Wild!" } } }, 201, {
      comment: comment("branwell", "Wild!"),
    }),
    step("GET /articles/heights/comments", { as: "emily" }, 200, { comments: [comment("branwell", "Wild!")] }),
    step("POST /articles/none/comments", { as: "emily", body: { comment: { body: "?" } } }, 404, {
      errors: { article: ["not found"] },
    }),
    step(({ answers }) => `DELETE /articles/heights/comments/${idOf(answers[6])}`, { as: "emily" }, 403, {
      errors: { comment: ["forbidden"] },
    }),
    step("DELETE /articles/heights/comments/999999", { as: "emily" }, 404, errors({ comment: ["not found"] })),
    step("DELETE /articles/heights/comments/one", { as: "emily" }, 422, {
      errors: { id: [expect.stringContaining("Invalid")] },
    }),
    step(({ answers }) => `DELETE /articles/heights/comments/${idOf(answers[6])}`, { as: "branwell" }, 204),
    step("GET /articles/heights/comments", {}, 200, { comments: [] }),
  ],
};

/** Accounts, the feed, articles and comments: 70 requests. */
export const conduit: readonly Case[] = [accounts, reading, writing, talking];
