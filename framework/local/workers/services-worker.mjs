/** Runs in workerd beside a version: stands for each Worker that it binds to; what is asked of it is asked of that Worker's live version, in its own process. */
import { WorkerEntrypoint } from "cloudflare:workers";

/** Runs `use` with the target's entrypoint; the version stays until it is over. */
async function withTarget({ props }, env, use) {
  const answer = await env.CONNECT.fetch(`http://connect/to/${encodeURIComponent(props.service)}`);
  if (!answer.ok) throw new Error(await answer.text());
  const { id, address, defaultService, namedService } = await answer.json();
  try {
    const client = env.DEBUG.connect(address);
    const target = props.entrypoint ? client.getEntrypoint(namedService, props.entrypoint) : client.getEntrypoint(defaultService);
    return await use(target);
  } finally {
    await env.CONNECT.fetch(`http://connect/done/${id}`);
  }
}

/** Names that mean something else than a method to whoever asks an object for them. */
const reserved = new Set([
  "then",
  "alarm",
  "connect",
  "self",
  "tail",
  "tailStream",
  "test",
  "trace",
  "webSocketClose",
  "webSocketError",
  "webSocketMessage",
]);

export class Service extends WorkerEntrypoint {
  constructor(context, env) {
    super(context, env);
    return new Proxy(this, {
      get(own, name) {
        if (typeof name !== "string" || name in own) return Reflect.get(own, name);
        if (reserved.has(name)) return undefined;
        // Only the caller knows whether it calls the method or reads a property: what it gets can do both.
        const call = (...args) => withTarget(context, env, (target) => target[name](...args));
        // oxlint-disable-next-line unicorn/no-thenable -- it is to be awaited
        call.then = (done, fail) => withTarget(context, env, (target) => target[name]).then(done, fail);
        return call;
      },
    });
  }

  fetch(request) {
    if (this.ctx.props.entrypoint) return withTarget(this.ctx, this.env, (target) => target.fetch(request));
    const asked = new Request(request);
    asked.headers.set("x-portico-service", encodeURIComponent(this.ctx.props.service));
    return this.env.FETCH.fetch(asked);
  }
}

export default {};
