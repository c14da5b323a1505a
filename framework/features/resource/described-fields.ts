/** Checks what a file's `openapi` gives, of which nothing else tells a mistake: names of fields, and their types. */

type Fields = Readonly<Record<string, unknown>>;

const isText = (value: unknown): boolean => typeof value === "string";
const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/** The fields of an Operation Object (spec.openapis.org/oas/v3.1.1#operation-object), and what they are. */
const operationFields: Readonly<Record<string, readonly [name: string, is: (value: unknown) => boolean]>> = {
  tags: ["a list", Array.isArray],
  summary: ["a text", isText],
  description: ["a text", isText],
  externalDocs: ["an object", isObject],
  operationId: ["a text", isText],
  parameters: ["a list", Array.isArray],
  requestBody: ["an object", isObject],
  responses: ["an object", isObject],
  callbacks: ["an object", isObject],
  deprecated: ["true or false", (value) => typeof value === "boolean"],
  security: ["a list", Array.isArray],
  servers: ["a list", Array.isArray],
};

/** The fields of a Components Object. */
const componentKinds = [
  ...["schemas", "responses", "parameters", "examples", "requestBodies", "headers", "securitySchemes", "links"],
  ...["callbacks", "pathItems"],
];

const schemeTypes = ["apiKey", "http", "mutualTLS", "oauth2", "openIdConnect"];

const listText = (words: readonly string[]): string => `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

/** Throws TypeError, which names the field. @param where it stands, as `its openapi's GET` */
export function checkOperation(fields: unknown, where: string): void {
  requireObject(fields, where);
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith("x-") || value === undefined) continue;
    requireKnown(name, Object.keys(operationFields), where);
    const [what, is] = operationFields[name]!;
    if (!is(value)) throw new TypeError(`${where} has "${name}", which is not ${what}`);
  }
}

/** Throws TypeError for what is wrong in fields of operations, and in components. */
export function checkShared({ components = {}, ...fields }: Fields, where: string): void {
  if (fields["operationId"] !== undefined)
    throw new TypeError(`${where} has "operationId", which each operation has for itself`);
  checkOperation(fields, where);
  requireObject(components, `${where}'s components`);
  for (const [kind, named] of Object.entries(components)) {
    if (kind.startsWith("x-")) continue;
    requireKnown(kind, componentKinds, `${where}'s components`);
    requireObject(named, `${where}'s components.${kind}`);
    if (["schemas", "responses"].includes(kind) && Object.hasOwn(named, "Problem"))
      throw new TypeError(`${where} has components.${kind}.Problem, which is Portico's: give it another name`);
    if (kind === "securitySchemes")
      for (const [name, scheme] of Object.entries(named)) checkScheme(name, scheme, where);
  }
}

function checkScheme(name: string, scheme: unknown, where: string): void {
  const at = `${where}'s components.securitySchemes.${name}`;
  requireObject(scheme, at);
  const { type, $ref } = scheme;
  if ($ref !== undefined || (typeof type === "string" && schemeTypes.includes(type))) return;
  throw new TypeError(`${at} has the type ${JSON.stringify(type)}, which is not ${listText(schemeTypes)}`);
}

/** Throws TypeError for a name that is none of these. */
export function requireKnown(name: string, known: readonly string[], where: string): void {
  if (!known.includes(name)) throw new TypeError(`${where} has "${name}", which is not ${listText(known)}`);
}

function requireObject(value: unknown, where: string): asserts value is Fields {
  if (!isObject(value)) throw new TypeError(`${where} is no object`);
}
