// `gatehouse crds`: our own kinds as CustomResourceDefinitions, made from the zod schemas with which the program reads objects.
import { Command } from 'commander';
import { stringify } from 'yaml';
import { z } from 'zod';
import { loadBalancerConfigurations, proxyConfigurations } from '../api/kinds.ts';
import { loadBalancerConfigurationSpec } from '../api/load-balancer-configuration.ts';
import { proxyConfigurationSpec } from '../api/proxy-configuration.ts';
import type { Kind } from '../kube/kinds.ts';

export function crdsCommand(): Command {
  return new Command('crds')
    .description("Prints the CustomResourceDefinitions of Gatehouse's own kinds.")
    .action(() => void process.stdout.write([...crds().values()].join('---\n')));
}

interface OwnKind {
  readonly kind: Kind;
  readonly spec: z.ZodType;
  readonly shortName: string;
  readonly columns: readonly Schema[];
  /** What it is for. */
  readonly description: string;
  /** Where the defaults come from. */
  readonly defaults: string;
}

const named = 'A GatewayClass names it in spec.parametersRef, a Gateway in spec.infrastructure.parametersRef.';

const ownKinds: readonly OwnKind[] = [
  {
    kind: loadBalancerConfigurations,
    spec: loadBalancerConfigurationSpec,
    shortName: 'lbconfig',
    columns: [
      { name: 'Scheme', type: 'string', jsonPath: '.spec.scheme' },
      { name: 'Target Type', type: 'string', jsonPath: '.spec.targetType' },
      { name: 'SSL Policy', type: 'string', jsonPath: '.spec.sslPolicy', priority: 1 },
    ],
    description: `LoadBalancerConfiguration has settings for the load balancer of a Gateway. ${named}`,
    defaults: 'The defaults come from the flags of Gatehouse.',
  },
  {
    kind: proxyConfigurations,
    spec: proxyConfigurationSpec,
    shortName: 'proxyconfig',
    columns: [
      { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
      { name: 'Pool', type: 'string', jsonPath: '.spec.service.pool' },
      { name: 'Image', type: 'string', jsonPath: '.spec.image', priority: 1 },
    ],
    description: `ProxyConfiguration has settings for the Envoys of a Gateway, and for the Services in front of them. ${named}`,
    defaults: 'If both have a field, the one of the Gateway wins.',
  },
];

/** The files of deploy/crds, by name. */
export function crds(): ReadonlyMap<string, string> {
  return new Map(ownKinds.map((own) => [`${own.kind.group}_${own.kind.plural}.yaml`, definition(own)]));
}

function definition({ kind: { group, version, plural, kind }, ...own }: OwnKind): string {
  const object = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [own.shortName],
        categories: ['gateway-api'],
      },
      scope: 'Namespaced',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: [
            ...own.columns,
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
          schema: {
            openAPIV3Schema: {
              description: own.description,
              type: 'object',
              properties: {
                apiVersion: { description: "The version of this object's schema.", type: 'string' },
                kind: { description: `${kind}.`, type: 'string' },
                metadata: { type: 'object' },
                spec: { description: own.defaults, ...structural(own.spec) },
              },
            },
          },
        },
      ],
    },
  };
  return `# Printed by "gatehouse crds".\n${stringify(object, { lineWidth: 0 })}`;
}

type Schema = Readonly<Record<string, unknown>>;

/**
 * The structural schema that Kubernetes requires: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 * An API server prunes or refuses unknown fields by itself. Its format `cidr` is for both IPv4 and IPv6. For its formats `ipv4` and
 * `ipv6` it needs no pattern.
 */
export function structural(type: z.ZodType): Schema {
  return z.toJSONSchema(type, {
    target: 'openapi-3.0',
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      if (jsonSchema.anyOf?.every(({ format }) => format?.startsWith('cidr'))) {
        delete jsonSchema.anyOf;
        Object.assign(jsonSchema, { type: 'string', format: 'cidr' });
      }
      if (jsonSchema.format === 'ipv4' || jsonSchema.format === 'ipv6') delete jsonSchema.pattern;
    },
  });
}
