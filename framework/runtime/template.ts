/** The type of an imported .jinja file (docs/templates.md). */

/** A template: called, it gives a page; `render` gives its text. */
export interface Template {
  /** A Response of type text/html in UTF-8. @param init its status and headers, such as `{ status: 404 }` */
  (data?: object, init?: ResponseInit): Response;
  /** The text, for `c.html(page.render(data))`, mails and tests. Throws what the template's functions throw. */
  readonly render: (data?: object) => string;
}
