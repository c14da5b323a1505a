/** The type of an imported .jinja file (docs/templates.md). */

/** A template: called, it gives a page; `render` gives its text. @template Data what it reads, as far as it is known */
export interface Template<Data extends object = object> {
  /** A Response of type text/html in UTF-8. @param args its data, then its status and headers: `{ status: 404 }` */
  (...args: [...TemplateData<Data>, init?: ResponseInit]): Response;
  /** The text, for `c.html(page.render(data))`, mails and tests. Throws what the template's functions throw. */
  readonly render: (...data: TemplateData<Data>) => string;
}

/** Data that may all be absent may be left out. */
type TemplateData<Data extends object> = Partial<Data> extends Data ? [data?: Data] : [data: Data];
