// Metrics of the cluster's objects: Gateways and routes by condition, expiry of certificates, and how long Gateways take. They are
// computed from the caches when somebody reads them. Only certificates have names as labels, and their number is limited.
import { X509Certificate } from 'node:crypto';
import { Gauge, Histogram, type Registry } from '@prometheus-io/client';
import type { Secret } from '../api/core.ts';
import type { Gateway } from '../api/gateway-api.ts';
import type { Route } from '../api/route-kinds.ts';
import { certificateSecrets, listenerSetGateway } from '../gateway/references.ts';
import type { Clock } from '../kube/clock.ts';
import { type Condition, type ObjectKey, objectKey } from '../kube/object.ts';
import type { Caches } from './caches.ts';

/** How many certificates have a metric: those that expire first. */
const maxCertificates = 500;

export interface ObjectMetricsOptions {
  readonly registry: Registry;
  readonly caches: Pick<Caches, 'gatewayClasses' | 'gateways' | 'listenerSets' | 'routes' | 'secrets'>;
  readonly controllerNames: ReadonlySet<string>;
  readonly clock: Clock;
}

export function registerObjectMetrics(options: ObjectMetricsOptions): void {
  const { registry } = options;
  registry.registerMetric(gatewaysGauge(options));
  registry.registerMetric(routesGauge(options));
  registry.registerMetric(certificatesGauge(options));
  registry.registerMetric(programmedHistogram(options));
}

function isOurs({ caches, controllerNames }: ObjectMetricsOptions, { spec }: Gateway): boolean {
  const gatewayClass = caches.gatewayClasses.get(objectKey({ name: spec.gatewayClassName }));
  return gatewayClass !== undefined && controllerNames.has(gatewayClass.spec.controllerName);
}

const ownGateways = (options: ObjectMetricsOptions): readonly Gateway[] =>
  options.caches.gateways.list().filter((gateway) => isOurs(options, gateway));

const gatewaysGauge = (options: ObjectMetricsOptions) =>
  new Gauge({
    name: 'gatehouse_gateways',
    help: 'Gateways of our classes, by condition and its status.',
    labelNames: ['condition', 'status'],
    registers: [],
    collect() {
      this.reset();
      for (const { status } of ownGateways(options)) {
        for (const { type, status: is } of status?.conditions ?? []) this.inc({ condition: type, status: is });
      }
    },
  });

const routesGauge = ({ caches, controllerNames }: ObjectMetricsOptions) =>
  new Gauge({
    name: 'gatehouse_routes',
    help: 'Routes and their parents that are ours, by kind, condition and its status.',
    labelNames: ['kind', 'condition', 'status'],
    registers: [],
    collect() {
      this.reset();
      for (const route of caches.routes.flatMap((store) => store.list())) {
        for (const { type, status } of ownConditions(route, controllerNames)) {
          this.inc({ kind: route.kind, condition: type, status });
        }
      }
    },
  });

const certificatesGauge = (options: ObjectMetricsOptions) => {
  const expiryOf = expiryReader();
  return new Gauge({
    name: 'gatehouse_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of a Secret that our listeners use expires, in seconds since 1970. Those that expire first.',
    labelNames: ['namespace', 'secret'],
    registers: [],
    collect() {
      this.reset();
      const found = usedSecrets(options).flatMap((secret) => {
        const expiry = expiryOf(secret);
        return expiry === undefined ? [] : [{ secret, expiry }];
      });
      for (const { secret, expiry } of found.toSorted((a, b) => a.expiry - b.expiry).slice(0, maxCertificates)) {
        this.set({ namespace: secret.metadata.namespace ?? '', secret: secret.metadata.name }, expiry);
      }
    },
  });
};

/** The Secrets that listeners of our Gateways and their ListenerSets use, each once. */
function usedSecrets(options: ObjectMetricsOptions): readonly Secret[] {
  const { caches } = options;
  const sets = caches.listenerSets.list().filter((set) => {
    const key = listenerSetGateway(set);
    const gateway = key && caches.gateways.get(key);
    return gateway !== undefined && isOurs(options, gateway);
  });
  const keys = new Set([...ownGateways(options), ...sets].flatMap(certificateSecrets));
  return [...keys].flatMap((key) => caches.secrets.get(key) ?? []);
}

function programmedHistogram(options: ObjectMetricsOptions) {
  const { caches, clock } = options;
  const programmed = new Histogram({
    name: 'gatehouse_gateway_programmed_duration_seconds',
    help: 'How long a Gateway took to become Programmed, from its creation, or from when it last was not.',
    buckets: [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800],
    registers: [],
  });
  const waitingSince = new Map<ObjectKey, number>();
  caches.gateways.onChange((old, current, initial) => {
    const gateway = current ?? old;
    if (gateway === undefined) return;
    const key = objectKey(gateway.metadata);
    const since = waitingSince.get(key);
    if (current === undefined || !isOurs(options, current)) waitingSince.delete(key);
    else if (!isProgrammed(current)) waitingSince.set(key, since ?? startOf(old, current, initial, clock));
    else {
      if (since !== undefined) programmed.observe((clock.now() - since) / 1000);
      waitingSince.delete(key);
    }
  });
  return programmed;
}

const ownConditions = ({ status }: Route, controllerNames: ReadonlySet<string>): readonly Condition[] =>
  (status?.parents ?? []).flatMap((parent) =>
    controllerNames.has(parent.controllerName) ? (parent.conditions ?? []) : [],
  );

const isProgrammed = ({ status }: Gateway): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Programmed' && is === 'True') ?? false;

/** When a Gateway began to wait to be Programmed, in milliseconds since 1970. */
function startOf(old: Gateway | undefined, { metadata, status }: Gateway, initial: boolean, clock: Clock): number {
  if (old !== undefined) return clock.now();
  const created = Date.parse(metadata.creationTimestamp ?? '');
  const changed = status?.conditions?.find(({ type }) => type === 'Programmed')?.lastTransitionTime;
  // After a restart only the condition shows when it stopped being Programmed.
  const since = initial && changed !== undefined ? Math.max(created, Date.parse(changed)) : created;
  return Number.isNaN(since) ? clock.now() : since;
}

/** Reads each Secret's certificate once: when it expires, in seconds since 1970. Undefined if it cannot be read. */
function expiryReader(): (secret: Secret) => number | undefined {
  const known = new WeakMap<Secret, number | undefined>();
  return (secret) => {
    if (!known.has(secret)) known.set(secret, readExpiry(secret));
    return known.get(secret);
  };
}

function readExpiry({ data }: Secret): number | undefined {
  try {
    const { validToDate } = new X509Certificate(Buffer.from(data?.['tls.crt'] ?? '', 'base64'));
    return validToDate.getTime() / 1000;
  } catch {
    return undefined;
  }
}
