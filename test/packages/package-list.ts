/** Popular backend packages by area, each with its route in fixtures/app and the response of plain Node. */

import type { Target } from "../../framework/model/target.ts";

/** A route of the app, named like its package. */
export interface PackageCase {
  /** The route's file without its extension. */
  readonly route: string;
  /** The package's name. */
  readonly name: string;
  readonly area: string;
  /** Why it is in the list. */
  readonly why: string;
  /** The answer's text on plain Node 24, where every server that a driver asks for is absent. */
  readonly answer: string;
  /** Targets where it does not work, each with the reason for users. */
  readonly limits?: Partial<Record<Target, string>>;
}

const refused = `{"refused":true}`;

/** Sentences that several packages share. */
const evals = "it makes functions from text, which Workers forbid; compile ahead";
const native = "native code does not run on Workers";
const files = "it reads files beside its code, and Workers have none";

interface Extra {
  readonly route?: string;
  readonly limits?: PackageCase["limits"];
}

const inArea =
  (area: string) =>
  (
    name: string,
    why: string,
    answer: string,
    { route = name.replace(/^@/, "").replace("/", "-"), limits }: Extra = {},
  ): PackageCase => ({
    route,
    name,
    area,
    why,
    answer,
    ...(limits && { limits }),
  });

const driver = inArea("database");
const orm = inArea("query layer");
const sdk = inArea("service");
const auth = inArea("login");
const validation = inArea("validation");
const page = inArea("page");
const file = inArea("file");
const queue = inArea("queue");
const api = inArea("API");
const other = inArea("everyday");

/** All of them. */
export const packages: readonly PackageCase[] = [
  driver("pg", "the Postgres driver of most applications", `{"refused":true,"escaped":"'it''s'"}`),
  driver("postgres", "the other Postgres driver; it looks for Workers itself", refused),
  driver("mysql2", "the MySQL driver; makes its parsers at run time", `{"refused":true,"escaped":"select 'it\\\\'s'"}`),
  driver(
    "mongodb",
    "the MongoDB driver; a dozen optional packages",
    `{"refused":true,"id":"65f000000000000000000001"}`,
  ),
  driver("redis", "the Redis client of its makers", refused),
  driver("ioredis", "the Redis client of most queues", refused),
  driver("better-sqlite3", "native code that an install script brings", `{"two":2}`, {
    limits: {
      lambda: "an install script builds it; use a package that comes built, such as libsql",
      workers: native,
      node: "an install script builds it; where npm may run it, name it in `external`",
    },
  }),
  driver("@libsql/client", "SQLite over HTTP", refused, { route: "libsql-client" }),
  driver("@neondatabase/serverless", "Postgres over HTTP", refused, { route: "neon" }),
  orm(
    "drizzle-orm",
    "typed queries; what the docs of Portico use",
    `{"sql":"select \\"id\\", \\"name\\" from \\"users\\" where \\"users\\".\\"id\\" = $1","params":[7]}`,
  ),
  orm("kysely", "typed queries", `{"sql":"select \\"name\\" from \\"users\\" where \\"id\\" = $1","parameters":[7]}`),
  orm(
    "knex",
    "requires the drivers of six databases when it needs one",
    `{"sql":"select \\"name\\" from \\"users\\" where \\"id\\" = 7"}`,
  ),
  orm("typeorm", "entities; loads drivers by computed names", refused, {
    limits: { workers: "its build for browsers has no driver for Postgres" },
  }),
  orm("sequelize", "models; requires its drivers by name", `{"refused":true,"table":"Users"}`),
  orm("mongoose", "models over MongoDB", `{"invalid":["name"]}`),
  orm("@prisma/client", "a client that has to be generated first", `{"client":"function"}`, {
    limits: {
      lambda: "`npx prisma generate` makes the client, which this list does not do",
      workers: "`npx prisma generate` makes the client, which this list does not do",
      node: "`npx prisma generate` makes the client, which this list does not do",
    },
  }),
  sdk("@aws-sdk/client-s3", "Lambda's runtime has it, Workers have not", refused),
  sdk("stripe", "payments; a build of its own for Workers", `{"event":{}}`),
  sdk("openai", "streams and fetch", refused),
  sdk("@slack/web-api", "axios and forms beneath", refused),
  sdk("@supabase/supabase-js", "fetch, and ws where there is no WebSocket", refused, { route: "supabase-js" }),
  auth(
    "jsonwebtoken",
    "tokens, in CommonJS over node:crypto",
    `{"token":"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI3In0.` +
      `YNVm3kTUe0hHLISakU4cmk8MSvtML_GbFX1hBFiznF0","sub":"7"}`,
  ),
  auth(
    "jose",
    "tokens, over WebCrypto",
    `{"token":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.` +
      `ngfQfYX3ReiHeKgk-kgky-MGCR_rYK2aZXlXLcQBFV4","payload":{"sub":"7"}}`,
  ),
  auth("bcryptjs", "password hashes without native code", `{"same":true}`),
  auth("argon2", "password hashes with native code", `{"same":true}`, { limits: { workers: native } }),
  auth("better-auth", "a whole login; imports parts of itself later", `{"name":"Ada"}`),
  auth(
    "@simplewebauthn/server",
    "passkeys; declares names of web classes",
    `{"rp":{"name":"App","id":"localhost"},"name":"ada"}`,
  ),
  auth(
    "openid-client",
    "login elsewhere",
    `{"refused":true,"challenge":"iMnq5o6zALKXGivsnlom_0F5_WYda32GHkxlV7mq7hQ"}`,
  ),
  validation("zod", "the most used", `{"good":{"name":"Ada","age":36},"bad":false}`),
  validation("valibot", "the smallest", `{"good":{"name":"Ada"},"bad":false}`),
  validation("joi", "of many older applications", `{"message":"\\"name\\" is required"}`),
  validation("ajv", "JSON Schema; makes code from text", `{"good":true,"bad":false}`, { limits: { workers: evals } }),
  validation("class-validator", "decorators", `{"wrong":["email"]}`),
  page("handlebars", "makes code from text", `{"html":"<p>&lt;Ada&gt;</p>"}`, { limits: { workers: evals } }),
  page("nunjucks", "makes code from text, finds files", `{"html":"<p>ADA</p>"}`, { limits: { workers: evals } }),
  page("pug", "makes code from text, finds files", `{"html":"<p>&lt;Ada&gt;</p>"}`, { limits: { workers: evals } }),
  page("marked", "Markdown", `{"html":"<h1>Hello <em>you</em></h1>\\n"}`),
  page("sanitize-html", "HTML of strangers", `{"html":"<p>hi</p>"}`),
  page("cheerio", "reads HTML", `{"text":"Hello you"}`),
  page("jsdom", "a whole browser's DOM; reads its own files and starts workers", `{"text":"Hello"}`, {
    limits: { workers: files },
  }),
  file("pdfkit", "reads fonts beside its code", `{"start":"%PDF-"}`, { limits: { workers: files } }),
  file("pdf-lib", "PDF without files", `{"pages":1}`),
  file("sharp", "images with native code", `{"width":4,"height":3,"format":"png"}`, { limits: { workers: native } }),
  file("exceljs", "spreadsheets, zips, old streams", `{"cell":"Hello"}`),
  file("busboy", "uploads in old streams", `{"fields":["a=1"]}`),
  queue("bullmq", "optional native parts, Lua files", refused),
  queue("amqplib", "RabbitMQ", refused),
  queue("kafkajs", "Kafka", refused),
  other("nodemailer", "mail", `{"envelope":{"from":"a@example.com","to":["b@example.com"]}}`),
  other(
    "pino",
    "a log that starts workers by file names",
    `{"lines":["{\\"level\\":30,\\"user\\":7,\\"msg\\":\\"hello\\"}\\n"]}`,
    {
      limits: { workers: "its build for browsers writes to the console alone, and not where it is told to" },
    },
  ),
  other("winston", "a log over old streams", `{"levels":7}`),
  api("graphql-yoga", "GraphQL over fetch", `{"data":{"hello":"world"}}`),
  api("@apollo/server", "GraphQL of its makers", `{"hello":"world"}`, { route: "apollo-server" }),
  api("@trpc/server", "typed calls", `{"result":{"data":"world"}}`),
  api("@grpc/grpc-js", "HTTP/2 of Node itself", `{"late":true}`, { route: "grpc-js" }),
  api("ws", "WebSocket with optional native speed-ups", refused, {
    limits: { workers: "Workers have a WebSocket of their own" },
  }),
  other("axios", "requests; one build for Node and one for browsers", `{"refused":true,"url":"/a?b=1"}`),
  other("lodash", "CommonJS in one large file", `{"odd":[1,3],"even":[2]}`),
  other("date-fns", "hundreds of small modules", `{"day":"2026-02-01"}`),
  other("uuid", "picks its random source by conditions", `{"id":"eff54a7b-5bba-5ae1-9691-308dbd18871c"}`),
  other("i18n", "reads and writes files beside its code", `{"hi":"안녕"}`, { limits: { workers: files } }),
];
