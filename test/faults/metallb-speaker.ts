// The speaker that announces a Gateway's address is killed. Another one announces the address.
import { get, type KubeObject } from '../../localstack/cluster/apply.ts';
import type { ServiceAnnouncement } from '../../src/api/metallb.ts';
import { eventually } from '../integration/support/eventually.ts';
import { patienceMs } from './awaiting.ts';
import { findingsOf, isEcho, type List, openMetallbShop, shopTraffic, wordsOf } from './metallb-shop.ts';
import type { MetallbStage } from './metallb-stage.ts';
import type { Scenario } from './scenario.ts';

const metallbNs = 'metallb-system';
const perSecond = 100;

const announcementsPath = '/apis/metallb.io/v1beta1/servicel2statuses';

/** The node that announces the Gateway's address. */
async function announcer({ admin }: MetallbStage, ns: string): Promise<string | undefined> {
  const found = await get<List<ServiceAnnouncement>>(admin, announcementsPath);
  return found?.items.findLast(({ status }) => status?.serviceNamespace === ns)?.status?.node;
}

const speakers = `/apis/apps/v1/namespaces/${metallbNs}/daemonsets/speaker`;

/** @param node where no speaker runs; none if undefined */
const speakersExcept = ({ admin }: MetallbStage, node: string | undefined): Promise<unknown> => {
  const expression = { key: 'kubernetes.io/hostname', operator: 'NotIn', values: [node] };
  const required = {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [expression] }] },
  };
  const affinity = node === undefined ? null : { nodeAffinity: required };
  const body = { spec: { template: { spec: { affinity } } } };
  return admin.request('PATCH', speakers, { contentType: 'application/merge-patch+json', body });
};

/** MetalLB's speakers notice a dead one within some seconds. */
const movedMs = 30_000;

const speakerKilled: Scenario<MetallbStage> = {
  name: 'metallb-speaker-killed',
  what: 'kill -9 of the speaker that announces the address, and it does not come back',
  run: async (stage) => {
    const { admin, client } = stage;
    const shop = await openMetallbShop(stage, 'speaker');
    const door = await shop.open();
    const node = await eventually(async () => {
      const found = await announcer(stage, shop.ns);
      if (found === undefined) throw new Error('Nobody announces the address yet');
      return found;
    }, patienceMs);
    const traffic = shopTraffic(door, { perSecond, isRight: isEcho });
    const pods = (
      await get<List<KubeObject & { readonly spec: { readonly nodeName?: string } }>>(
        admin,
        `/api/v1/namespaces/${metallbNs}/pods?labelSelector=component=speaker`,
      )
    )?.items;
    const speaker = pods?.find(({ spec }) => spec.nodeName === node)?.metadata.name;
    const from = performance.now();
    const seconds = (): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;
    const notes: string[] = [`${node} announces the address`];
    try {
      await speakersExcept(stage, node);
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 };
      await admin.request('DELETE', `/api/v1/namespaces/${metallbNs}/pods/${speaker}`, { body }).catch(() => undefined);
      await eventually(async () => {
        const now = await announcer(stage, shop.ns);
        if (now === undefined || now === node) throw new Error(`${now ?? 'nobody'} announces the address`);
        notes.push(`${now} announces the address after ${seconds()}`);
      }, movedMs);
      await eventually(async () => {
        const said = wordsOf(await shop.read());
        if (!/Announced=True/.test(said) || said.includes(node)) throw new Error(`The status says ${said}`);
        notes.push(`the status says so after ${seconds()}`);
      }, movedMs);
      if ((await client.whoHas(door.address)) === undefined) throw new Error('Nobody answers by ARP');
    } finally {
      await speakersExcept(stage, undefined);
    }
    return findingsOf(shop, await traffic.stop(), [], notes);
  },
};

export const metallbSpeaker = [speakerKilled];
