import {
  AddListenerCertificatesCommand,
  CreateListenerCommand,
  type Listener,
  ModifyListenerCommand,
  RemoveListenerCertificatesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Step } from '../diff/step.ts';
import { isAlreadyExists } from '../errors.ts';
import { listedCertificates, listenersOf } from '../inventory/describe.ts';
import { listenerCandidate } from '../inventory/read.ts';
import type { CertificateUse, ListenerResource, Tags } from '../model/resources.ts';
import { toActions } from '../shapes.ts';
import { toTagList } from '../tags.ts';
import { adopt } from './adopt.ts';
import type { StepEnd } from './execute.ts';
import type { Run } from './run.ts';
import { writeTags } from './tagging.ts';

const certificateArn = (run: Run, use: CertificateUse): string => ('arn' in use ? use.arn : run.arnOf(use.certificate));

function settings(run: Run, { spec }: ListenerResource) {
  const { port, protocol, sslPolicy, defaultCertificate, defaultAction } = spec;
  return {
    Port: port,
    Protocol: protocol,
    ...(sslPolicy === undefined ? {} : { SslPolicy: sslPolicy }),
    ...(defaultCertificate === undefined
      ? {}
      : { Certificates: [{ CertificateArn: certificateArn(run, defaultCertificate) }] }),
    DefaultActions: toActions(defaultAction, run.arnOf),
  };
}

/** Remembers a listener as AWS has described it; what is known of its further certificates stays. */
function remember(run: Run, found: Listener, id: ListenerResource['id'], tags: Tags): void {
  const { inventory } = run.context;
  for (const { arn, record } of listenerCandidate(found)) {
    const before = inventory.get(arn);
    const extra = before?.kind === 'listener' ? before.extraCertificates : [];
    const made = record(id, tags);
    if (made.kind !== 'listener') continue;
    inventory.put(extra === undefined ? made : { ...made, extraCertificates: extra });
    run.bind(id, arn);
  }
}

export async function createListener(run: Run, desired: ListenerResource, tags: Tags): Promise<StepEnd> {
  const { clients } = run.context;
  const all = run.tags(desired.id, tags);
  const loadBalancer = run.arnOf(desired.loadBalancer);
  try {
    const { Listeners: [made] = [] } = await clients.elbv2.send(
      new CreateListenerCommand({ LoadBalancerArn: loadBalancer, ...settings(run, desired), Tags: toTagList(all) }),
    );
    if (made === undefined) throw new Error(`AWS described nothing for ${desired.id}`);
    remember(run, made, desired.id, all);
    return { kind: 'done' };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const found = (await listenersOf(clients, loadBalancer)).find(({ Port }) => Port === desired.spec.port);
    const [candidate] = found === undefined ? [] : listenerCandidate(found);
    if (candidate === undefined) throw error;
    const name = `port ${desired.spec.port}`;
    return await adopt(run, { ...candidate, name }, { id: desired.id, tags: all }, (arn) =>
      changeListener(run, desired, arn),
    );
  }
}

export async function changeListener(run: Run, desired: ListenerResource, arn: string): Promise<void> {
  const { Listeners: [changed] = [] } = await run.context.clients.elbv2.send(
    new ModifyListenerCommand({ ListenerArn: arn, ...settings(run, desired) }),
  );
  const record = run.context.inventory.get(arn);
  if (changed !== undefined && record !== undefined) remember(run, changed, record.id, record.tags);
}

type SetCertificates = Extract<Step, { kind: 'set-certificates' }>;

/** Adds before it removes: no host is without its certificate in between. AWS takes one a call. */
export async function setCertificates(run: Run, { desired, fresh, tags }: SetCertificates): Promise<void> {
  const { clients, inventory } = run.context;
  const arn = run.arnOf(desired.id);
  const wanted = new Set(desired.extraCertificates.map((use) => certificateArn(run, use)));
  const present = new Set(fresh ? [] : await listedCertificates(clients, arn));
  for (const CertificateArn of wanted.difference(present)) {
    await clients.elbv2.send(
      new AddListenerCertificatesCommand({ ListenerArn: arn, Certificates: [{ CertificateArn }] }),
    );
  }
  for (const CertificateArn of present.difference(wanted)) {
    await clients.elbv2.send(
      new RemoveListenerCertificatesCommand({ ListenerArn: arn, Certificates: [{ CertificateArn }] }),
    );
  }
  const record = inventory.get(arn);
  if (record?.kind === 'listener') inventory.put({ ...record, extraCertificates: [...wanted] });
  await writeTags(run, arn, tags);
}
