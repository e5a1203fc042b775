// Certificates that listeners name by ARN: whether they are ARNs, and whose the certificates are.
import { GATEWAY_GROUP, type Gateway, type ListenerSet } from '../api/gateway-api.ts';
import { isPermitted } from '../gateway/grants.ts';
import type { GatewayInput } from '../gateway/input.ts';
import { externalCertificates } from '../gateway/references.ts';
import type { CertificateSource, ListenerResult } from '../gateway/topology.ts';
import { objectKey, parseObjectKey } from '../kube/object.ts';
import type { CertificateArnProblem } from './listener-problem.ts';

/** The key in `tls.options` that names certificates in ACM, separated by commas. */
export const CERTIFICATE_ARN_OPTION = 'gatehouse.dev/certificate-arn';

export const isCertificateArn = (text: string): boolean =>
  /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[A-Za-z0-9-]+$/.test(text);

/** The certificates that the listeners of a Gateway or a ListenerSet name, each once. */
export const certificateArns = (owner: Gateway | ListenerSet): readonly string[] => [
  ...new Set(
    owner.spec.listeners
      .flatMap((listener) => externalCertificates(listener, CERTIFICATE_ARN_OPTION))
      .filter(isCertificateArn),
  ),
];

/** A listener without the certificates that it may not have. It is not served when it has no other. */
export function withOwnCertificates(
  listener: ListenerResult,
  input: GatewayInput,
  report: (problem: CertificateArnProblem) => void,
): ListenerResult {
  const { certificates: named = [], ...rest } = listener;
  const certificates = named.filter((source) => isUsable(source, listener, input, report));
  if (certificates.length === named.length) return listener;
  return certificates.length === 0 ? { ...rest, valid: false } : { ...rest, certificates };
}

function isUsable(
  source: CertificateSource,
  listener: ListenerResult,
  input: GatewayInput,
  report: (problem: CertificateArnProblem) => void,
): boolean {
  if (source.kind !== 'external') return true;
  const arn = source.reference;
  const place = { listener: listener.name, field: `tls.options[${CERTIFICATE_ARN_OPTION}]`, arn };
  if (!isCertificateArn(arn)) {
    report({ kind: 'certificate-arn-malformed', ...place });
    return false;
  }
  const whose = input.certificateOwners.get(arn) ?? { kind: 'absent' };
  switch (whose.kind) {
    case 'anyone':
      return true;
    case 'secret': {
      // A key is its owner's: what was imported from a Secret is for those who may refer to that Secret.
      const { namespace = '', name } = parseObjectKey(whose.secret);
      if (isPermitted(input.grants, referrer(listener, input), { group: '', kind: 'Secret', namespace, name }))
        return true;
      report({ kind: 'certificate-arn-not-permitted', ...place });
      return false;
    }
    case 'another-cluster':
      report({ kind: 'certificate-arn-not-permitted', ...place });
      return false;
    case 'absent':
      report({ kind: 'certificate-arn-not-found', ...place });
      return false;
    case 'unknown':
      if (!whose.isServed) report({ kind: 'certificate-arn-unknown', ...place, detail: whose.detail });
      return whose.isServed;
    default:
      return whose satisfies never;
  }
}

/** What has the listener. */
function referrer({ ofSet }: ListenerResult, { gateway }: GatewayInput) {
  const { namespace = '' } = parseObjectKey(ofSet?.listenerSet ?? objectKey(gateway.metadata));
  return { group: GATEWAY_GROUP, kind: ofSet === undefined ? 'Gateway' : 'ListenerSet', namespace };
}
