// The Envoys of a Gateway with TCP and UDP are replaced. Short connections are not cut, long ones end with the drain, and a client
// of UDP that repeats once gets every answer.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { deleteObjects, type KubeObject } from '../../localstack/cluster/apply.ts';
import type { Listener } from '../../src/api/gateway-api.ts';
import { DRAIN_SECONDS, LEAVE_SECONDS } from '../../src/envoy/fleet/timings.ts';
import { eventually } from '../integration/support/eventually.ts';
import { connectionRoute, http, https } from '../integration/support/objects.ts';
import { patienceMs } from './awaiting.ts';
import { allAvailable, echoPods, isReady, type MetallbShop, openMetallbShop } from './metallb-shop.ts';
import type { MetallbStage } from './metallb-stage.ts';
import type { Scenario } from './scenario.ts';

const ports = { TCP: 9000, UDP: 9001 } as const;
const listeners: readonly Listener[] = [
  { name: 'tcp', protocol: 'TCP', port: ports.TCP },
  { name: 'udp', protocol: 'UDP', port: ports.UDP },
];

/** Well below the time that a drain takes. */
const shortMs = 15_000;
const shortEveryMs = 500;
const lineEveryMs = 1000;
const longConnections = 20;
const datagramEveryMs = 100;
/** The client repeats its datagram once, after this time, and waits as long again. */
const repeatMs = 1500;
const endMs = 70_000;

interface Door {
  readonly stage: MetallbStage;
  readonly address: string;
}

/** Talks until it is cut, or has enough. @returns how many milliseconds it lasted, and whether it was cut */
async function talk({ stage, address }: Door, goesOn: (lastedMs: number) => boolean) {
  const socket = await stage.client.connect(address, ports.TCP);
  const ended = new AbortController();
  const end = (): void => ended.abort();
  socket.on('error', end).once('end', end).once('close', end);
  const from = performance.now();
  const lasted = (): number => performance.now() - from;
  try {
    while (goesOn(lasted())) {
      const answered = once(socket, 'data', {
        signal: AbortSignal.any([ended.signal, AbortSignal.timeout(patienceMs)]),
      });
      socket.write('TEST\n');
      await answered;
      await sleep(lineEveryMs);
    }
    return { cut: false, lasted: lasted() };
  } catch {
    return { cut: true, lasted: lasted() };
  } finally {
    socket.destroy();
  }
}

/** Starts something again and again, until it is stopped. Then waits for all. */
function repeatedly<T>(everyMs: number, act: () => Promise<T>) {
  const all: Promise<T>[] = [];
  const timer = setInterval(() => all.push(act()), everyMs);
  return {
    stop: (): Promise<readonly T[]> => {
      clearInterval(timer);
      return Promise.all(all);
    },
  };
}

/** A datagram, and once more if nobody answers. @returns what is wrong */
const askOnce = ({ stage, address }: Door): Promise<string | undefined> =>
  stage.client.ask(address, ports.UDP, 'hello', AbortSignal.timeout(2 * repeatMs - 100), repeatMs).then(
    () => undefined,
    (error: unknown) => String(error),
  );

async function checkAnswered(door: Door): Promise<void> {
  const failure = await askOnce(door);
  if (failure !== undefined || (await talk(door, (lastedMs) => lastedMs < 1)).cut)
    throw new Error(`TCP or UDP does not answer: ${failure}`);
}

type Talk = Awaited<ReturnType<typeof talk>>;

interface Seen {
  readonly shorts: readonly Talk[];
  readonly longs: readonly Talk[];
  /** Of datagrams; undefined for a good one. */
  readonly answers: readonly (string | undefined)[];
}

async function during(door: Door, act: () => Promise<void>): Promise<Seen> {
  const over = new AbortController();
  const long = Array.from({ length: longConnections }, () => talk(door, () => !over.signal.aborted));
  const short = repeatedly(shortEveryMs, () => talk(door, (lastedMs) => lastedMs < shortMs));
  const datagrams = repeatedly(datagramEveryMs, () => askOnce(door));
  await act();
  const answers = await datagrams.stop();
  const shorts = await short.stop();
  over.abort();
  return { shorts, longs: await Promise.all(long), answers };
}

/** The old Envoys leave the Service first, then drain. */
const soonestMs = (LEAVE_SECONDS + DRAIN_SECONDS - 5) * 1000;

const inSeconds = ({ lasted }: Talk): string => `${(lasted / 1000).toFixed(1)} s`;

const judge = ({ shorts, longs, answers }: Seen): readonly string[] => [
  ...shorts.filter(({ cut }) => cut).map((each) => `a short connection was cut after ${inSeconds(each)}`),
  ...longs
    .filter(({ cut, lasted }) => cut && lasted < soonestMs)
    .map((each) => `a long connection was cut after ${inSeconds(each)}`),
  ...longs.filter(({ cut }) => !cut).map(() => 'a long connection outlived its Envoy'),
  ...answers.flatMap((failure = '') =>
    failure === '' ? [] : `a datagram and its repetition got no answer: ${failure}`,
  ),
];

async function rollEnvoys(shop: MetallbShop): Promise<void> {
  const old = new Set((await shop.envoys()).map(({ metadata }) => metadata.uid));
  await shop.set({ logLevel: 'info' });
  await eventually(async () => {
    const now = await shop.envoys();
    if (now.some(({ metadata }) => old.has(metadata.uid)) || now.filter(isReady).length < old.size)
      throw new Error('The old Envoys are still there');
    await sleep(500);
  }, endMs + patienceMs);
}

const replaced: Scenario<MetallbStage> = {
  name: 'metallb-connections-envoys-roll',
  what: 'rolling update of the Envoys of TCP and UDP listeners',
  run: async (stage) => {
    const shop = await openMetallbShop(stage, 'connections', { listeners: [http(), https(['tls']), ...listeners] });
    const routes: readonly KubeObject[] = [
      connectionRoute('TCP', shop.ns, 'lines', [{ name: 'gw', sectionName: 'tcp' }], { lines: 1 }),
      connectionRoute('UDP', shop.ns, 'datagrams', [{ name: 'gw', sectionName: 'udp' }], { datagrams: 1 }),
    ];
    const { address } = await shop.open();
    await shop.apply(
      ...echoPods(shop.ns, 'lines', { speaks: 'TCP' }),
      ...echoPods(shop.ns, 'datagrams', { speaks: 'UDP' }),
      ...routes,
    );
    await allAvailable(stage, shop.ns);
    const door = { stage, address };
    await eventually(() => checkAnswered(door), patienceMs);
    const seen = await during(door, () => rollEnvoys(shop));
    await deleteObjects(stage.admin, routes);
    const { shorts, longs, answers } = seen;
    return {
      count: `${shorts.length} short connections, ${longs.length} long ones, ${answers.length} datagrams`,
      failures: judge(seen),
      duplicates: [],
      leaks: await shop.close(),
      notes: [`long connections were closed after ${longs.map(inSeconds).join(', ')}`],
    };
  },
};

export const metallbConnections = [replaced];
