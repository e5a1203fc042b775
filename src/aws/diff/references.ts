import type { CertificateUse, IngressRule, Resource, ResourceId, RuleAction } from '../model/resources.ts';

/** The logical ids that the spec of a resource refers to, and its parent's. */
export function specReferences(resource: Resource): ResourceId[] {
  switch (resource.kind) {
    case 'security-group':
    case 'certificate':
    case 'target-group':
      return [];
    case 'load-balancer':
      return resource.spec.securityGroups.flatMap((use) => ('group' in use ? [use.group] : []));
    case 'listener': {
      const { defaultCertificate, defaultAction } = resource.spec;
      const certificates = defaultCertificate === undefined ? [] : [defaultCertificate];
      return [resource.loadBalancer, ...certificateReferences(certificates), ...forwardReferences(defaultAction)];
    }
    case 'rule':
      return [resource.listener, ...forwardReferences(resource.spec.action)];
    default:
      return resource satisfies never;
  }
}

export function certificateReferences(uses: readonly CertificateUse[]): ResourceId[] {
  return uses.flatMap((use) => ('certificate' in use ? [use.certificate] : []));
}

export function forwardReferences(action: RuleAction): ResourceId[] {
  return action.kind === 'forward' ? action.targetGroups.map(({ targetGroup }) => targetGroup) : [];
}

/** The security groups of the Gateway that rules admit. */
export const ingressReferences = (rules: readonly IngressRule[]): ResourceId[] => [
  ...new Set(rules.flatMap(({ source }) => (source.kind === 'group' && 'group' in source ? [source.group] : []))),
];
