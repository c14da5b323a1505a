/** The look that all pages share: a title and some JSX in, an HTML answer out. JSX escapes every value it prints. */
import type { Child } from "hono/jsx";
import { html } from "portico";

interface PageProps {
  readonly title: string;
  readonly isHome: boolean;
  readonly children: Child;
}

const Layout = ({ title, isHome, children }: PageProps) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{title}</title>
      <link rel="icon" href="/icon.png" />
      <link rel="stylesheet" href="/style.css" />
    </head>
    <body>
      <header>
        <a href="/">
          <img src="/portico.svg" alt="" width="40" height="40" />
          Portico
        </a>
      </header>
      <main>
        <h1>{title}</h1>
        {children}
      </main>
      {!isHome && (
        <footer>
          <a href="/">← All pages</a>
        </footer>
      )}
    </body>
  </html>
);

const document = (props: PageProps, init?: ResponseInit): Response =>
  html(`<!doctype html>${(<Layout {...props} />).toString()}`, init);

/** A whole document with a way back. @param init status and headers, as for `new Response` */
export const page = (title: string, children: Child, init?: ResponseInit): Response =>
  document({ title, children, isHome: false }, init);

/** The page that the others lead back to. */
export const homePage = (title: string, children: Child): Response => document({ title, children, isHome: true });
