/** The home page: `/`. Its template is in `_views`; the stylesheet and the image come from `_public`. */
import type { Handler } from "portico";
import home from "./_views/home.jinja";

const links = [
  ["/hello/나의 비밀 방", "Hello", "a parameter in the path, and a greeting from hosting.json"],
  ["/search?q=serverless&tag=web&tag=edge", "Search", "query values, repeated ones too"],
  ["/guestbook", "Guestbook", "a Hono app with JSX; its entries are in the store, and a job counts them each night"],
  ["/photos", "Photos", "uploads that go straight to where the app's files are, and ranges of them"],
  ["/api/notes", "Notes", "a JSON API that says what is wrong"],
  ["/stream", "Stream", "an answer that is sent while it is made"],
  ["/account", "Account", "sign-up, login and a guarded page; the session is in a sealed cookie"],
  ["/panel", "Panel", "a guarded API in a group folder: (account) is not in the path"],
  ["/files/any/depth/you like.txt", "Files", "the rest of a path as one parameter"],
  ["/members", "Members", "a folder with middleware"],
  ["/whoami", "Who am I", "what a handler is told about a call"],
  ["/boom", "Boom", "a handler that throws"],
] as const;

export const GET: Handler = () => home({ title: "It runs.", links });
