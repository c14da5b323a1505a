import { type Handler, html } from "portico";

export const GET: Handler = () =>
  html(`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>It works</title>
    <link rel="stylesheet" href="/style.css">
  </head>
  <body>
    <h1>It works</h1>
    <p>This page is <code>functions/index.ts</code>. Next: <a href="/hello/you">/hello/you</a> is <code>functions/hello/[name].ts</code>.</p>
  </body>
</html>
`);
