// Certificates with their keys. They go to Envoy only, and are in no file or log.
import { type Resource, resource } from '../snapshot.ts';
import { SecretSchema } from '../xds/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';

/** PEM. */
export interface KeyPair {
  readonly chain: string;
  readonly key: string;
}

export function secret(name: string, { chain, key }: KeyPair): Resource {
  return resource(SecretSchema, name, {
    name,
    type: {
      case: 'tlsCertificate',
      value: {
        certificateChain: { specifier: { case: 'inlineString', value: chain } },
        privateKey: { specifier: { case: 'inlineString', value: key } },
      },
    },
  });
}
