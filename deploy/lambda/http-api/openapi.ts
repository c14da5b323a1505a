/** Writes an HTTP API's routes as an OpenAPI 3.0 document with API Gateway's extensions, and reads such a document. */
import { ownerTags, stageName } from "../names.ts";
import type { Owner } from "../../parts.ts";

/** A route key and the version (a qualified ARN) that it calls. */
export interface CalledRoute {
  readonly key: string;
  readonly ref: string;
}

/** An integration as the extension has it (API Gateway developer guide, "x-amazon-apigateway-integration"). */
interface Integration {
  readonly type: "aws_proxy";
  readonly httpMethod: "POST";
  readonly connectionType: "INTERNET";
  readonly payloadFormatVersion: "2.0";
  readonly uri: string;
  readonly timeoutInMillis: number;
}

const method = "x-amazon-apigateway-any-method";
const extension = "x-amazon-apigateway-integration";
const collection = "x-amazon-apigateway-integrations";

/** Milliseconds that an HTTP API waits at most, and does. */
const timeoutInMillis = 30_000;

/**
 * The whole working copy: replacing it takes one call, whatever changed. Functions that serve several routes have one
 * integration, to which their routes refer; the tags stand in the document too, since an import may take them from
 * there.
 */
export function toOpenApi(owner: Owner, routes: readonly CalledRoute[]): string {
  const refs = [...new Set(routes.map(({ ref }) => ref))].toSorted();
  const names = new Map(refs.map((ref, at) => [ref, `f${at}`]));
  const integrations: Readonly<Record<string, Integration>> = Object.fromEntries(
    refs.map((ref, at) => [`f${at}`, toIntegration(ref)]),
  );
  const paths = routes.map(({ key, ref }) => [pathOf(key), { [method]: operation(key, names.get(ref) ?? "") }]);
  const tags = Object.entries(ownerTags(owner)).map(([name, value]) => ({
    name,
    "x-amazon-apigateway-tag-value": value,
  }));
  return JSON.stringify({
    openapi: "3.0.1",
    info: { title: stageName(owner), version: "1" },
    tags,
    paths: Object.fromEntries(paths) as Record<string, unknown>,
    components: { [collection]: integrations },
  });
}

const toIntegration = (ref: string): Integration => ({
  type: "aws_proxy",
  httpMethod: "POST",
  connectionType: "INTERNET",
  payloadFormatVersion: "2.0",
  uri: ref,
  timeoutInMillis,
});

/** `ANY /users/{id}` is the any-method of `/users/{id}`, and `$default` that of `/$default`. */
const pathOf = (key: string): string => (key === "$default" ? "/$default" : key.slice(key.indexOf(" ") + 1));

function operation(key: string, name: string): Record<string, unknown> {
  const parameters = [...key.matchAll(/\{([^{}+]+)\+?\}/g)].map(([, param]) => ({
    name: param,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  return {
    ...(key === "$default" && { isDefaultRoute: true }),
    ...(parameters.length > 0 && { parameters }),
    [extension]: { $ref: `#/components/${collection}/${name}` },
  };
}

/** The routes of an exported document, in any order. Throws Error for any other text. */
export function readOpenApi(text: string): readonly CalledRoute[] {
  const document = JSON.parse(text) as {
    readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly components?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  const shared = document.components?.[collection] ?? {};
  return Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([verb, one]): readonly CalledRoute[] => {
      const given = (one as Readonly<Record<string, unknown>>)[extension] as
        | { readonly $ref?: string; readonly uri?: string }
        | undefined;
      if (!given) return [];
      const named =
        given.$ref === undefined ? given : (shared[given.$ref.slice(given.$ref.lastIndexOf("/") + 1)] as typeof given);
      return [{ key: keyOf(path, verb), ref: toRef(named?.uri ?? "") }];
    }),
  );
}

function keyOf(path: string, verb: string): string {
  if (path === "/$default") return "$default";
  return `${verb === method ? "ANY" : verb.toUpperCase()} ${path}`;
}

/** The long form of a Lambda URI has the ARN inside (API Gateway developer guide, "AWS Lambda integrations"). */
function toRef(uri: string): string {
  return /:path\/2015-03-31\/functions\/(.+)\/invocations$/.exec(uri)?.[1] ?? uri;
}
