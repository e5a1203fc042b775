// The owner of everything that a Gateway has in Kubernetes. When the Gateway is gone, Kubernetes deletes it.
import { GATEWAY_GROUP } from '../../api/gateway-api.ts';
import type { OwnerReference } from '../../kube/object.ts';
import type { FleetOptions } from './options.ts';

export const ownerReference = ({ name, uid }: FleetOptions['gateway']): OwnerReference => ({
  apiVersion: `${GATEWAY_GROUP}/v1`,
  kind: 'Gateway',
  name,
  uid,
  controller: true,
  blockOwnerDeletion: false,
});
