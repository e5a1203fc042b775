// Certificates with their keys. They go to Envoy only, and are in no file or log.
import type { ObjectKey } from '../../kube/object.ts';
import { type Resource, resource } from '../snapshot.ts';
import { SecretSchema } from '../xds/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { secretName } from './names.ts';

/** PEM. */
export interface KeyPair {
  readonly chain: string;
  readonly key: string;
}

export function secret(of: ObjectKey, { chain, key }: KeyPair): Resource {
  const name = secretName(of);
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
