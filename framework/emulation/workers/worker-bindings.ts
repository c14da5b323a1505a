/** A Worker's bindings to storage, queues, rate limits and other Workers, as options of miniflare. */
import { queueBindings, queueWorker, type SendMessages } from "./queue-bindings.ts";
import { type Service, serviceBindings, type ServiceCalls, serviceWorker } from "./service-bindings.ts";

/** Records are keyed by binding name. */
export interface WorkerBindings {
  /** Plain text and JSON. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Each the URL of a namespace, database or bucket in the storage's workerd. */
  readonly kv: Readonly<Record<string, URL>>;
  readonly d1: Readonly<Record<string, URL>>;
  readonly r2: Readonly<Record<string, URL>>;
  /** URLs of databases. */
  readonly hyperdrives?: Readonly<Record<string, string>>;
  /** Names of queues. */
  readonly queues: Readonly<Record<string, string>>;
  readonly sendMessages: SendMessages;
  readonly rateLimits: Readonly<Record<string, RateLimit>>;
  readonly services: Readonly<Record<string, Service>>;
  readonly serviceCalls: ServiceCalls;
}

/** At most `limit` calls in `period` seconds; bindings of one namespace share a counter. */
export interface RateLimit {
  readonly namespace: string;
  readonly limit: number;
  readonly period: 10 | 60;
}

/** Nothing is bound. */
export const noBindings: WorkerBindings = {
  values: {},
  kv: {},
  d1: {},
  r2: {},
  queues: {},
  rateLimits: {},
  services: {},
  sendMessages: () => Promise.reject(new Error("no queue is bound")),
  serviceCalls: {
    fetch: () => Promise.reject(new Error("no Worker is bound")),
    connect: () => Promise.reject(new Error("no Worker is bound")),
  },
};

/** The options of the Worker that is bound. */
export function bindingOptions({
  values,
  kv,
  d1,
  r2,
  hyperdrives = {},
  queues,
  rateLimits,
  services,
}: WorkerBindings): object {
  const remote = (urls: Readonly<Record<string, URL>>): object =>
    Object.fromEntries(
      Object.entries(urls).map(([name, url]) => [name, { id: name, remoteProxyConnectionString: url }]),
    );
  const limits = Object.entries(rateLimits).map(([name, { namespace, limit, period }]) => [
    name,
    { namespace_id: namespace, simple: { limit, period } },
  ]);
  return {
    bindings: { ...values },
    kvNamespaces: remote(kv),
    d1Databases: remote(d1),
    r2Buckets: remote(r2),
    hyperdrives: { ...hyperdrives },
    unsafeBindings: queueBindings(queues),
    ratelimits: Object.fromEntries(limits) as object,
    serviceBindings: serviceBindings(services),
  };
}

/**
 * The Workers beside it that receive its messages and calls.
 * @param respond makes a Response of miniflare's own class
 */
export async function bindingWorkers(
  { queues, sendMessages, services, serviceCalls }: WorkerBindings,
  respond: (text?: string, status?: number) => unknown,
): Promise<readonly object[]> {
  return [
    ...(Object.keys(queues).length > 0 ? [queueWorker(sendMessages)] : []),
    ...(Object.keys(services).length > 0 ? [await serviceWorker(serviceCalls, respond)] : []),
  ];
}
