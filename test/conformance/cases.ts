/** The list of conformance cases, which every runtime runs. */
import type { Case } from "./case.ts";
import { app } from "./cases/app.ts";
import { assetAnswers } from "./cases/asset-answers.ts";
import { assetPaths } from "./cases/asset-paths.ts";
import { assets } from "./cases/assets.ts";
import { bodies } from "./cases/bodies.ts";
import { conduit } from "./cases/conduit.ts";
import { context } from "./cases/context.ts";
import { errors } from "./cases/errors.ts";
import { extensions } from "./cases/extensions.ts";
import { headers } from "./cases/headers.ts";
import { log } from "./cases/log.ts";
import { methods } from "./cases/methods.ts";
import { middleware } from "./cases/middleware.ts";
import { paths } from "./cases/paths.ts";
import { photos } from "./cases/photos.ts";
import { postgres } from "./cases/postgres.ts";
import { queries } from "./cases/queries.ts";
import { resource } from "./cases/resource.ts";
import { routing } from "./cases/routing.ts";
import { sessions } from "./cases/sessions.ts";
import { store } from "./cases/store.ts";
import { templates } from "./cases/templates.ts";

/** Cases by topic. */
export const topics: Readonly<Record<string, readonly Case[]>> = {
  routing,
  paths,
  queries,
  methods,
  bodies,
  headers,
  errors,
  middleware,
  context,
  assets,
  "paths of assets": assetPaths,
  "answers of assets": assetAnswers,
  app,
  photos,
  store,
  resource,
  log,
  sessions,
  templates,
  extensions,
  postgres,
  conduit,
};

/** All of them. */
export const cases: readonly Case[] = Object.values(topics).flat();
