/** What clients get: the schemas of RealWorld's objects. `portico openapi` shows them, `portico dev` checks them. */
import * as v from "valibot";

const time = v.pipe(v.string(), v.isoTimestamp());

export const User = v.object({
  user: v.object({
    email: v.string(),
    token: v.string(),
    username: v.string(),
    bio: v.nullable(v.string()),
    image: v.nullable(v.string()),
  }),
});

const profile = v.object({
  username: v.string(),
  bio: v.nullable(v.string()),
  image: v.nullable(v.string()),
  following: v.boolean(),
});

export const Profile = v.object({ profile });

const summary = v.object({
  slug: v.string(),
  title: v.string(),
  description: v.string(),
  tagList: v.array(v.string()),
  createdAt: time,
  updatedAt: time,
  favorited: v.boolean(),
  favoritesCount: v.number(),
  author: profile,
});

export const Article = v.object({ article: v.object({ ...summary.entries, body: v.string() }) });

/** Lists have no bodies. */
export const Articles = v.object({ articles: v.array(summary), articlesCount: v.number() });

const comment = v.object({ id: v.number(), createdAt: time, updatedAt: time, body: v.string(), author: profile });

export const Comment = v.object({ comment });

export const Comments = v.object({ comments: v.array(comment) });

export const Tags = v.object({ tags: v.array(v.string()) });
