/** What `portico dev` runs: the gateway before a target's emulation, functions built when they are asked for. */
import { createDevBuilder } from "../../../framework/build/dev-builder.ts";
import { functionId } from "../../../framework/build/group.ts";
import type { Emulator } from "../../../framework/local/emulator.ts";
import { createGateway } from "../../../framework/local/gateway.ts";
import type { Target } from "../../../framework/model/target.ts";
import { discoverAssets } from "../../../framework/routes/assets.ts";
import { discover } from "../../../framework/routes/discover.ts";
import { send } from "../client.ts";
import type { Running, Subject } from "../runtime.ts";

/** Starts an app in development on a free port. */
export async function startDev({ app, env, folder }: Subject, target: Target, emulator: Emulator): Promise<Running> {
  const [routes, assets] = await Promise.all([discover(app.root), discoverAssets(app.root, app.assets, app)]);
  const builder = createDevBuilder({ app: { ...app, targets: [target] }, target, out: folder, env });
  builder.setRoutes(routes);
  const bugs: unknown[] = [];
  const quiet = (): void => {};
  const onError = (error: unknown): void => void bugs.push(error);
  const gateway = await createGateway({
    port: 0,
    target,
    ...(app.lambda.front && { front: app.lambda.front }),
    root: app.root,
    emulator,
    source: builder,
    onAccess: quiet,
    onFailure: quiet,
    onError,
  });
  gateway.update({ routes: routes.map((route) => ({ ...route, function: functionId(app.group, target, route) })), assets });
  return {
    origin: gateway.url,
    send: async (ask) => {
      const answer = await send(gateway.url, ask);
      // What the gateway itself failed at says more than its bare 500.
      if (bugs.length > 0) throw new AggregateError(bugs.splice(0), "the gateway failed");
      return answer;
    },
    close: async () => {
      await gateway.close();
      await Promise.all([emulator.close(), builder.close()]);
    },
  };
}
