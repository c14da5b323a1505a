/** The look that all pages share: a title and some JSX in, an HTML answer out. JSX escapes every value it prints. */
import type { Child } from "hono/jsx";
import { html } from "portico";

interface PageProps {
  readonly title: string;
  readonly children: Child;
}

const Layout = ({ title, children }: PageProps) => (
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
    </body>
  </html>
);

/** A whole document. @param init status and headers, as for `new Response` */
export const page = (title: string, children: Child, init?: ResponseInit): Response =>
  html(`<!doctype html>${(<Layout title={title}>{children}</Layout>).toString()}`, init);
