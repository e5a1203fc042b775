import { type Action, AwsError, type Input } from '../service.ts';
import type { World } from '../world.ts';
import { operationNotPermitted, validationError } from './errors.ts';
import { findLoadBalancer, listenerOf, listenersOf } from './find.ts';
import { flag, nonEmpty, records, requiredText } from './input.ts';
import { page } from './page.ts';
import type { Listener } from './state.ts';

/** Checks that ACM has a certificate and that it can be served. */
export function checkCertificate(world: World, arn: string): void {
  const certificate = world.acm.certificates.get(arn);
  if (!certificate) throw new AwsError('CertificateNotFound', `Certificate '${arn}' not found`);
  const issuesAt = certificate.request?.issuesAt ?? 0;
  if (certificate.status === 'PENDING_VALIDATION' && issuesAt > world.clock.now()) {
    const message = `The certificate '${arn}' must have a fully-qualified domain name, a supported signature, and a supported key size`;
    throw new AwsError('UnsupportedCertificate', message);
  }
}

function readCertificates(input: Input): readonly string[] {
  return nonEmpty(records(input, 'Certificates'), 'Certificates').map((certificate) => {
    if (flag(certificate, 'IsDefault') !== undefined) throw validationError('IsDefault must not be specified');
    return requiredText(certificate, 'CertificateArn');
  });
}

function secureListenerOf(world: World, input: Input): Listener {
  const listener = listenerOf(world.elbv2, input);
  if (listener.defaultCertificate === undefined) {
    throw validationError(`A listener of protocol ${listener.protocol} has no certificates`);
  }
  return listener;
}

/** The certificates in the lists of a load balancer's listeners. A default certificate counts only if it is in a list. */
function sniCertificates(world: World, loadBalancerArn: string): ReadonlySet<string> {
  return new Set(listenersOf(world.elbv2, loadBalancerArn).flatMap((listener) => [...listener.certificates]));
}

export function certificateActions(world: World): Record<string, Action> {
  return {
    AddListenerCertificates(input) {
      const listener = secureListenerOf(world, input);
      const arns = readCertificates(input);
      for (const arn of arns) checkCertificate(world, arn);
      const { type } = findLoadBalancer(world.elbv2, listener.loadBalancerArn);
      const quota = world.options.quotas[`certificates-per-${type}-load-balancer`];
      const all = new Set([...sniCertificates(world, listener.loadBalancerArn), ...arns]);
      if (all.size > quota) {
        const message = `The maximum number of certificates on this load balancer, ${quota}, has been reached`;
        throw new AwsError('TooManyCertificates', message);
      }
      for (const arn of arns) listener.certificates.add(arn);
      return { Certificates: arns.map((arn) => ({ CertificateArn: arn, IsDefault: false })) };
    },
    RemoveListenerCertificates(input) {
      const listener = secureListenerOf(world, input);
      const arns = readCertificates(input);
      if (arns.some((arn) => arn === listener.defaultCertificate && !listener.certificates.has(arn))) {
        throw operationNotPermitted('The default certificate cannot be removed; modify the listener instead');
      }
      for (const arn of arns) listener.certificates.delete(arn);
      return {};
    },
    DescribeListenerCertificates(input) {
      const listener = listenerOf(world.elbv2, input);
      const { defaultCertificate } = listener;
      const certificates = [
        ...(defaultCertificate === undefined ? [] : [{ arn: defaultCertificate, isDefault: true }]),
        ...[...listener.certificates].map((arn) => ({ arn, isDefault: false })),
      ];
      const { items, nextMarker } = page(input, certificates, ({ arn, isDefault }) => `${isDefault ? 0 : 1}${arn}`);
      const listed = items.map(({ arn, isDefault }) => ({ CertificateArn: arn, IsDefault: isDefault }));
      return { Certificates: listed, NextMarker: nextMarker };
    },
  };
}
