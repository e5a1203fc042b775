import type { AwsClients } from '../clients.ts';
import type { Membership } from '../membership.ts';
import type { Model, ResourceId } from '../model/resources.ts';
import type { Inventory } from '../inventory.ts';

export interface Drift {
  readonly resource: ResourceId;
  readonly aspect: 'missing' | 'tags' | 'spec' | 'attributes' | 'ingress' | 'certificates' | 'priority' | 'targets';
}

export interface Audit {
  readonly drift: readonly Drift[];
}

export interface AuditContext {
  readonly clients: AwsClients;
  readonly membership: Membership;
  readonly inventory: Inventory;
}

export async function auditGateway(context: AuditContext, gateway: string, model: Model): Promise<Audit> {
  throw new Error('wip');
}
