// `gatehouse crds`: our own kinds as CustomResourceDefinitions, made from the zod schemas with which the program reads objects.
import { Command } from 'commander';
import { stringify } from 'yaml';
import { z } from 'zod';
import { loadBalancerConfigurations } from '../api/kinds.ts';
import { loadBalancerConfigurationSpec } from '../api/load-balancer-configuration.ts';

export function crdsCommand(): Command {
  return new Command('crds')
    .description("Prints the CustomResourceDefinitions of Gatehouse's own kinds.")
    .action(() => void process.stdout.write(crds()));
}

/** The YAML in deploy/crds. */
export function crds(): string {
  const { group, version, plural, kind } = loadBalancerConfigurations;
  const definition = {
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
        shortNames: ['lbconfig'],
        categories: ['gateway-api'],
      },
      scope: 'Namespaced',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: [
            { name: 'Scheme', type: 'string', jsonPath: '.spec.scheme' },
            { name: 'Target Type', type: 'string', jsonPath: '.spec.targetType' },
            { name: 'SSL Policy', type: 'string', jsonPath: '.spec.sslPolicy', priority: 1 },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
          schema: { openAPIV3Schema: objectSchema(structural(loadBalancerConfigurationSpec)) },
        },
      ],
    },
  };
  return `# Printed by "gatehouse crds".\n${stringify(definition, { lineWidth: 0 })}`;
}

const objectSchema = (spec: Schema): Schema => ({
  description:
    'LoadBalancerConfiguration has settings for the load balancer of a Gateway. A GatewayClass names it in spec.parametersRef, a Gateway in spec.infrastructure.parametersRef.',
  type: 'object',
  properties: {
    apiVersion: { description: "The version of this object's schema.", type: 'string' },
    kind: { description: 'LoadBalancerConfiguration.', type: 'string' },
    metadata: { type: 'object' },
    spec: { description: 'The defaults come from the flags of Gatehouse.', ...spec },
  },
});

type Schema = Readonly<Record<string, unknown>>;

/**
 * The structural schema that Kubernetes requires: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 * An API server prunes or refuses unknown fields by itself. Its format `cidr` is for both IPv4 and IPv6. For its formats `ipv4` and
 * `ipv6` it needs no pattern.
 */
function structural(type: z.ZodType): Schema {
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
