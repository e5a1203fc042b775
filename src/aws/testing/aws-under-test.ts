// The embedded AWS, and all that a plan needs to be carried out against it over the wire.

import { afterEach, beforeEach } from 'vitest';
import type { Seed } from '../../../localstack/aws/seed.ts';
import { type StartOptions, startAws } from '../../../localstack/aws/server.ts';
import type { Secret } from '../../api/core.ts';
import { fingerprintOf } from '../../gateway/pem.ts';
import { systemClock } from '../../kube/clock.ts';
import { type ObjectKey, objectKey } from '../../kube/object.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type AwsClients, createAwsClients } from '../clients.ts';
import { diff } from '../diff/diff.ts';
import type { Plan } from '../diff/step.ts';
import { executePlan } from '../execute/execute.ts';
import type { ExecuteContext, Outcome } from '../execute/run.ts';
import { type AuditTurns, auditGateway } from '../inventory/audit.ts';
import type { Drift } from '../inventory/drift.ts';
import { Inventory } from '../inventory/inventory.ts';
import { KeyedLock } from '../keyed-lock.ts';
import { Limits } from '../limits.ts';
import { whereabouts } from '../model/addresses.ts';
import { DEFAULT_HEALTH_CHECK } from '../model/health-checks.ts';
import { awsName, gatewayPrefix, gatewayTagValue, resourceId } from '../model/naming.ts';
import { gatewayOwner } from '../model/owner.ts';
import type { Model, Resource, ResourceId } from '../model/resources.ts';
import type { Target } from '../model/targets.ts';
import { OwnWrites } from '../own-writes.ts';
import { ownershipTags } from '../tags.ts';
import { Membership } from '../targets/membership.ts';
import { TargetRefusals } from '../targets/target-refusals.ts';
import { TargetTroubles } from '../targets/target-troubles.ts';

export const cluster = { clusterName: 'demo', clusterUid: '6f3b8c1e-0000-4000-8000-000000000001' };
export const gateway = objectKey({ namespace: 'shop', name: 'web' });

const quietLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quietLogger,
};

/** What a controller process has, and loses when it crashes. */
export interface Controller {
  readonly clients: AwsClients;
  readonly inventory: Inventory;
  readonly membership: Membership;
  readonly context: ExecuteContext;
  readonly plan: (model: Model | undefined) => Plan;
  /** Without a model, the Gateway is being deleted. */
  readonly apply: (model: Model | undefined) => Promise<Outcome>;
  readonly audit: (turns: AuditTurns) => Promise<readonly Drift[]>;
}

interface Cluster {
  readonly secrets: Map<ObjectKey, Secret>;
  targets: readonly Target[];
  /** Kept in the cluster, across restarts. */
  hashes: Readonly<Record<string, string>>;
  mayCall: () => void;
}

export interface ModelOptions {
  readonly key?: ObjectKey;
  readonly services?: readonly string[];
  /** With one, the listener is HTTPS. */
  readonly secret?: ObjectKey;
  readonly keyAlgorithm?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Of the health check. */
  readonly path?: string;
}

const fingerprintOfSecret = (secret: Secret | undefined): string =>
  fingerprintOf(Buffer.from(secret?.data?.['tls.crt'] ?? '', 'base64').toString()) ?? '';

const groupOf = (service: string): ResourceId => resourceId('target-group', 'internal', service);

export type Rig = ReturnType<typeof eachTestOnAws>;

/** Gives each test of a file an embedded AWS of its own, and a signal that aborts when the test ends. */
export function eachTestOnAws(options: StartOptions = {}) {
  let rig: Awaited<ReturnType<typeof awsUnderTest>>;
  let stop: AbortController;
  beforeEach(async () => {
    rig = await awsUnderTest(options);
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await rig.close();
  });
  return {
    get aws() {
      return rig.aws;
    },
    get seed() {
      return rig.seed;
    },
    get kept() {
      return rig.kept;
    },
    get signal() {
      return stop.signal;
    },
    model: (of?: ModelOptions) => rig.model(of),
    start: (key?: ObjectKey, visibleMs?: number) => rig.start(key, visibleMs),
    abort: (): void => stop.abort(),
    /** Another AWS in place of the test's own. */
    reopen: async (others: StartOptions): Promise<void> => {
      await rig.close();
      rig = await awsUnderTest(others);
    },
  };
}

export async function awsUnderTest(options: StartOptions = {}) {
  const aws = await startAws({ port: 0, seed: true, provisioningSeconds: 0, healthSeconds: 0, ...options });
  process.env['AWS_ENDPOINT_URL'] = aws.url;
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIAIOSFODNN7EXAMPLE';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'secret';
  const found = aws.seeded();
  if (found === undefined) throw new Error('The embedded AWS has no seed');
  const seed: Seed = found;
  const kept: Cluster = { secrets: new Map(), targets: [], hashes: {}, mayCall: () => undefined };
  const started: { readonly clients: AwsClients; readonly stop: AbortController }[] = [];

  /** A Gateway with one listener; `services` are its backends, one rule each. */
  function model({
    key = gateway,
    services = ['api'],
    secret,
    keyAlgorithm = 'EC_prime256v1',
    attributes = {},
    path = '/',
  }: ModelOptions = {}): Model {
    const prefix = gatewayPrefix(cluster, key);
    const tags = (id: ResourceId) => ({ team: 'shop', ...ownershipTags(cluster, id, key) });
    const frontend = resourceId('security-group', 'frontend');
    const loadBalancer = resourceId('load-balancer', 'internal');
    const port = secret === undefined ? 80 : 443;
    const listener = resourceId('listener', 'internal', port);
    const certificate = resourceId('certificate', secret ?? '');
    const resources: Resource[] = [
      {
        kind: 'security-group',
        id: frontend,
        spec: { name: awsName(prefix, 'frontend', frontend), description: 'Clients', vpcId: seed.vpcId },
        ingress: [
          {
            protocol: 'tcp',
            fromPort: port,
            toPort: port,
            source: { kind: 'cidr', cidr: '0.0.0.0/0' },
            description: 'in',
          },
        ],
        tags: tags(frontend),
      },
      ...(secret === undefined
        ? []
        : [
            {
              kind: 'certificate' as const,
              id: certificate,
              spec: { secret, fingerprint: fingerprintOfSecret(kept.secrets.get(secret)), keyAlgorithm },
              tags: ownershipTags(cluster, certificate),
            },
          ]),
      {
        kind: 'load-balancer',
        id: loadBalancer,
        spec: {
          name: awsName(prefix, 'lb', loadBalancer),
          scheme: 'internal',
          ipAddressType: 'ipv4',
          subnets: seed.privateSubnetIds.toSorted(),
          securityGroups: [{ group: frontend }],
        },
        attributes,
        tags: tags(loadBalancer),
      },
      ...services.map(
        (service): Resource => ({
          kind: 'target-group',
          id: groupOf(service),
          spec: {
            name: awsName(prefix, service, groupOf(service)),
            targetType: 'ip',
            protocol: 'HTTP',
            protocolVersion: 'HTTP1',
            port: 8080,
            vpcId: seed.vpcId,
            ipAddressType: 'ipv4',
            healthCheck: { ...DEFAULT_HEALTH_CHECK, path },
          },
          attributes: {},
          backend: {
            service: objectKey({ namespace: 'shop', name: service }),
            port: 80,
            portName: '',
            protocol: 'HTTP1',
            local: false,
            ipFamily: 'IPv4',
          },
          tags: tags(groupOf(service)),
        }),
      ),
      {
        kind: 'listener',
        id: listener,
        loadBalancer,
        spec: {
          port,
          protocol: secret === undefined ? 'HTTP' : 'HTTPS',
          ...(secret === undefined
            ? {}
            : { sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06', defaultCertificate: { certificate } }),
          defaultAction: { kind: 'fixed-response', statusCode: '404', contentType: 'text/plain', body: '' },
        },
        extraCertificates: [],
        tags: tags(listener),
      },
      ...services.map((service): Resource => {
        const id = resourceId('rule', 'internal', port, service);
        return {
          kind: 'rule',
          id,
          listener,
          spec: {
            conditions: [
              { field: 'host-header', values: [`${service}.example.com`] },
              { field: 'path-pattern', values: ['/'] },
            ],
            action: { kind: 'forward', targetGroups: [{ targetGroup: groupOf(service), weight: 1 }] },
            transforms: [],
          },
          sources: [{ route: { kind: 'HTTPRoute', key: objectKey({ namespace: 'shop', name: service }) }, rule: 0 }],
          tags: tags(id),
        };
      }),
    ];
    return { gateway: key, resources };
  }

  /**
   * Starts a controller: as after a crash, if there was one before.
   * @param visibleMs how late AWS may show a write: until then a missing resource counts as existing
   */
  async function start(key = gateway, visibleMs = 0): Promise<Controller> {
    const stop = new AbortController();
    const { signal } = stop;
    const clients = createAwsClients({
      region: seed.region,
      userAgent: 'gatehouse/test',
      mayCall: () => kept.mayCall(),
      limits: new Limits(systemClock, 1, { account: [], actions: [] }),
      writes: new OwnWrites(systemClock, visibleMs),
      metrics: { call: () => undefined },
      signal,
    });
    started.push({ clients, stop });
    const persistence = {
      load: async () => kept.hashes,
      save: async (hashes: Readonly<Record<string, string>>) => {
        kept.hashes = hashes;
      },
    };
    const shared = { clock: systemClock, logger: quietLogger, signal };
    const membership = new Membership({ ...shared, persistence });
    await membership.load();
    const inventory = new Inventory({ clients, cluster, membership, clock: systemClock });
    await inventory.load();
    const context: ExecuteContext = {
      ...shared,
      owner: gatewayOwner(key),
      clients,
      inventory,
      membership,
      troubles: new TargetTroubles(),
      refusals: new TargetRefusals(systemClock),
      where: () =>
        Promise.resolve(whereabouts([...aws.world().ec2.subnets.values()].map(({ cidrBlock }) => cidrBlock))),
      locks: new KeyedLock(),
      cluster,
      handover: 0,
      secretOf: (secret) => kept.secrets.get(secret),
      targetsOf: () => kept.targets,
    };
    const plan = (desired: Model | undefined) =>
      diff(desired, inventory.observed(gatewayOwner(key), systemClock.now()), { drain: 0 });
    const apply = (desired: Model | undefined) => executePlan(plan(desired), context);
    const audit = (turns: AuditTurns) => auditGateway(context, gatewayTagValue(key), turns);
    return { clients, inventory, membership, context, plan, apply, audit };
  }

  async function close(): Promise<void> {
    for (const { clients, stop } of started) {
      stop.abort();
      clients.destroy();
    }
    await aws.close();
  }

  return { aws, seed, kept, model, start, close };
}
