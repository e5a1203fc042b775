import {
  AddListenerCertificatesCommand,
  CreateListenerCommand,
  type Listener,
  ModifyListenerCommand,
  type ModifyListenerCommandInput,
  ProtocolEnum,
  RemoveListenerCertificatesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { AwsClients } from '../clients.ts';
import type { Step } from '../diff/step.ts';
import { type AwsError, isAlreadyExists, isInvalid, isNotFound, isQuotaReached, toProblem } from '../errors.ts';
import { listedCertificates, listenersOf } from '../inventory/describe.ts';
import { listenerCandidate } from '../inventory/read.ts';
import { resourceId } from '../model/naming.ts';
import type { CertificateUse, ListenerResource, Tags } from '../model/resources.ts';
import { type Forward, TAG } from '../observed.ts';
import type { Problem } from '../problem.ts';
import { forwardTo, toActions } from '../shapes.ts';
import { toTagList } from '../tags.ts';
import { adopt } from './adopt.ts';
import type { Run, StepEnd } from './run.ts';
import { writeTags } from './tagging.ts';

/** Undefined if the certificate could not be imported. */
const certificateArn = (run: Run, use: CertificateUse): string | undefined =>
  'arn' in use ? use.arn : run.knownArn(use.certificate);

function settings(run: Run, { spec }: ListenerResource, defaultCertificate: string | undefined) {
  const { port, protocol, defaultAction } = spec;
  return {
    Port: port,
    Protocol: protocol,
    ...tlsSettings(spec, defaultCertificate),
    DefaultActions: toActions(defaultAction, run.arnOf),
  };
}

const tlsSettings = (
  { protocol, sslPolicy, alpnPolicy }: ListenerResource['spec'],
  defaultCertificate: string | undefined,
) => ({
  ...(sslPolicy === undefined ? {} : { SslPolicy: sslPolicy }),
  ...(defaultCertificate === undefined ? {} : { Certificates: [{ CertificateArn: defaultCertificate }] }),
  ...(protocol === 'TLS' ? { AlpnPolicy: [alpnPolicy ?? 'None'] } : {}),
});

/** Remembers a listener as AWS described it. The description lacks the extra certificates, so these stay as remembered. */
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

/** If the default certificate could not be imported, another one is the default for now, because other hosts must be served. */
export async function createListener(run: Run, desired: ListenerResource, tags: Tags): Promise<StepEnd> {
  const { clients } = run.context;
  const wanted = desired.spec.defaultCertificate;
  const certificates = [wanted ?? [], desired.extraCertificates].flat();
  const defaultCertificate = certificates.flatMap((use) => certificateArn(run, use) ?? []).at(0);
  // The step of the certificate reports why it could not be imported.
  if (wanted !== undefined && defaultCertificate === undefined) return { kind: 'failed', problems: [] };
  const isAsDesired = wanted === undefined || certificateArn(run, wanted) === defaultCertificate;
  const { [TAG.spec]: spec, ...others } = tags;
  const all = run.tags(desired.id, isAsDesired && spec !== undefined ? { ...others, [TAG.spec]: spec } : others);
  const loadBalancer = run.arnOf(desired.loadBalancer);
  const request = { LoadBalancerArn: loadBalancer, ...settings(run, desired, defaultCertificate) };
  try {
    const { Listeners: [made] = [] } = await clients.elbv2.send(
      new CreateListenerCommand({ ...request, Tags: toTagList(all) }),
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
      modifyListener(run, desired, arn, defaultCertificate),
    );
  }
}

export async function changeListener(run: Run, desired: ListenerResource, arn: string): Promise<void> {
  const { defaultCertificate } = desired.spec;
  await modifyListener(run, desired, arn, defaultCertificate && certificateArn(run, defaultCertificate));
}

const modifyListener = (
  run: Run,
  desired: ListenerResource,
  arn: string,
  defaultCertificate: string | undefined,
): Promise<void> => modify(run, { ListenerArn: arn, ...settings(run, desired, defaultCertificate) });

/** Adds the new groups with weight 0. They get no connections, but AWS registers their targets and checks their health. */
export async function warmListener(run: Run, { arn, serving, joining, protocol }: WarmListener): Promise<void> {
  const joined: Forward[] = joining.map((id) => ({ arn: run.arnOf(id), weight: 0 }));
  const DefaultActions = forwardTo([...serving, ...joined]);
  await modify(run, { ListenerArn: arn, Protocol: protocolNamed(protocol), DefaultActions });
}

/** Without the default action: the listener forwards as before. */
export async function setTls(run: Run, { desired: { spec }, arn }: SetTls): Promise<void> {
  const certificate = spec.defaultCertificate && certificateArn(run, spec.defaultCertificate);
  await modify(run, { ListenerArn: arn, ...tlsSettings(spec, certificate) });
}

const protocolNamed = (protocol: string): ProtocolEnum | undefined =>
  Object.values(ProtocolEnum).find((each) => each === protocol);

async function modify(run: Run, change: ModifyListenerCommandInput & { ListenerArn: string }): Promise<void> {
  const { Listeners: [changed] = [] } = await run.context.clients.elbv2.send(new ModifyListenerCommand(change));
  const record = run.context.inventory.get(change.ListenerArn);
  if (changed !== undefined && record !== undefined) remember(run, changed, record.id, record.tags);
}

type SetCertificates = Extract<Step, { kind: 'set-certificates' }>;
type SetTls = Extract<Step, { kind: 'set-tls' }>;
type WarmListener = Extract<Step, { kind: 'warm-listener' }>;

/**
 * Adds before it removes, if there is room, because no host may be without its certificate in between. If AWS refuses a
 * certificate, only that certificate is left out. The default certificate is added first and removed last. It is in the list
 * only if another certificate would answer for its names.
 */
export async function setCertificates(run: Run, { desired, fresh, tags }: SetCertificates): Promise<StepEnd> {
  const { clients, inventory } = run.context;
  const arn = run.arnOf(desired.id);
  const list = new ListedCertificates(clients, arn, fresh ? [] : await listedCertificates(clients, arn));
  const first = desired.spec.defaultCertificate && certificateArn(run, desired.spec.defaultCertificate);
  const uses = desired.extraCertificates.map((use) => ({ use, arn: certificateArn(run, use) }));
  const wanted = new Set(uses.flatMap((each) => each.arn ?? []));
  const problems: Problem[] = [];
  for (const each of uses.toSorted((a, b) => Number(b.arn === first) - Number(a.arn === first))) {
    if (each.arn === undefined || list.has(each.arn)) continue;
    const error = await list.add(each.arn, wanted);
    if (error === undefined) continue;
    problems.push(toProblem(error, 'certificate' in each.use ? each.use.certificate : resourceId(each.use.arn)));
  }
  // Keep the old certificates while a new one may still be imported. Do not wait for one that AWS will never accept.
  const awaited = uses.some(({ use, arn: made }) => isAwaited(run, use) && made === undefined);
  if (!awaited) await list.removeAllBut(wanted, first);
  const record = inventory.get(arn);
  if (record?.kind === 'listener') inventory.put({ ...record, extraCertificates: list.arns });
  if (uses.some((each) => each.arn === undefined || !list.has(each.arn))) return { kind: 'failed', problems };
  await writeTags(run, arn, tags);
  return { kind: 'done' };
}

const isAwaited = (run: Run, use: CertificateUse): boolean =>
  'certificate' in use && run.unanswered.has(use.certificate);

/** The certificates of a listener among which SNI chooses. AWS accepts one per call. */
class ListedCertificates {
  readonly #clients: AwsClients;
  readonly #listener: string;
  readonly #arns: Set<string>;

  constructor(clients: AwsClients, listener: string, arns: readonly string[]) {
    this.#clients = clients;
    this.#listener = listener;
    this.#arns = new Set(arns);
  }

  get arns(): readonly string[] {
    return [...this.#arns];
  }

  has(arn: string): boolean {
    return this.#arns.has(arn);
  }

  /** @returns the error, if AWS refuses this certificate */
  async add(arn: string, wanted: ReadonlySet<string>): Promise<AwsError | undefined> {
    try {
      await this.#add(arn).catch(async (error: unknown) => {
        if (!isQuotaReached(error) || this.#arns.isSubsetOf(wanted)) throw error;
        await this.removeAllBut(wanted);
        await this.#add(arn);
      });
      return undefined;
    } catch (error) {
      if (isNotFound(error) || isInvalid(error) || isQuotaReached(error)) return error;
      throw error;
    }
  }

  async #add(CertificateArn: string): Promise<void> {
    const { elbv2 } = this.#clients;
    const ListenerArn = this.#listener;
    await elbv2.send(new AddListenerCertificatesCommand({ ListenerArn, Certificates: [{ CertificateArn }] }));
    this.#arns.add(CertificateArn);
  }

  async removeAllBut(wanted: ReadonlySet<string>, last?: string): Promise<void> {
    const { elbv2 } = this.#clients;
    const ListenerArn = this.#listener;
    const surplus = [...this.#arns.difference(wanted)];
    for (const CertificateArn of surplus.toSorted((a, b) => Number(a === last) - Number(b === last))) {
      await elbv2.send(new RemoveListenerCertificatesCommand({ ListenerArn, Certificates: [{ CertificateArn }] }));
      this.#arns.delete(CertificateArn);
    }
  }
}
