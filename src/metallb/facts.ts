// What the model needs of the cluster, beside the topology.
import type { Node, Secret, Service } from '../api/core.ts';
import type { PortMapping } from '../envoy/model/proxy-ports.ts';
import type { KeyPair } from '../envoy/model/secrets.ts';
import type { IpFamily } from '../gateway/backend-service.ts';
import type { Topology } from '../gateway/topology.ts';
import { certificateBlocks } from '../gateway/x509.ts';
import type { ObjectKey } from '../kube/object.ts';

/** Nodes have addresses of the families that pods have. */
export function familiesOf(nodes: readonly Node[]): readonly IpFamily[] {
  const addresses = nodes.flatMap(({ status }) => status?.addresses ?? []);
  const internal = addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
  const has6 = internal.some((address) => address.includes(':'));
  const has4 = internal.some((address) => !address.includes(':'));
  if (!has6) return ['IPv4'];
  return has4 ? ['IPv4', 'IPv6'] : ['IPv6'];
}

/** How the Services map listeners' ports to Envoy's now. */
export const portsOf = (services: readonly Service[]): readonly PortMapping[] =>
  services.flatMap(({ spec }) =>
    (spec.ports ?? []).flatMap(({ port, targetPort }): PortMapping[] =>
      typeof targetPort === 'number' ? [[port, targetPort]] : [],
    ),
  );

/**
 * Of the Secrets that the listeners refer to. Translate has checked them.
 * @param last the pair that was used last, for a Secret that is unusable now
 */
export function keyPairsOf(
  { ports }: Topology,
  secret: (key: ObjectKey) => Secret | undefined,
  last: (key: ObjectKey) => KeyPair | undefined = () => undefined,
): ReadonlyMap<ObjectKey, KeyPair> {
  const pairs = new Map<ObjectKey, KeyPair>();
  for (const { listeners } of ports) {
    for (const certificate of listeners.flatMap(({ certificates }) => certificates)) {
      if (certificate.kind === 'external' || pairs.has(certificate.secret)) continue;
      const found = certificate.kind === 'secret' ? secret(certificate.secret) : undefined;
      const pair = found === undefined ? last(certificate.secret) : keyPairOf(found);
      if (pair !== undefined) pairs.set(certificate.secret, pair);
    }
  }
  return pairs;
}

const keyPairOf = (secret: Secret): KeyPair => ({
  chain: (decoded(secret, 'tls.crt').match(certificateBlocks) ?? []).join('\n'),
  key: decoded(secret, 'tls.key'),
});

const decoded = ({ data }: Secret, name: string): string => Buffer.from(data?.[name] ?? '', 'base64').toString();
