/** The home page: `/`. A page is a Response like any other; the stylesheet and the image come from `_public`. */
import type { Handler } from "portico";
import { homePage } from "./_lib/page.tsx";

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

export const GET: Handler = () =>
  homePage(
    "It runs.",
    <>
      <p class="lead">
        Every card is one file in <code>functions/</code>, and one function of its own in the cloud. Edit one and
        reload.
      </p>
      <ul class="cards">
        {links.map(([href, name, text]) => (
          <li>
            <a href={href}>
              <strong>{name}</strong>
              <span>{text}</span>
            </a>
          </li>
        ))}
      </ul>
    </>,
  );
