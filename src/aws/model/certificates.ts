// Which certificates a load balancer's listeners have. Serving certificates stay. After them, the Gateway's own listeners come first.

import type { CertificateSource, ListenerTopology, PortTopology } from '../../gateway/topology.ts';
import type { Problem } from '../problem.ts';
import { resourceId } from './naming.ts';
import type { ResourceId } from './resources.ts';
import { DefaultCertificate, sourceKey } from './sni.ts';
import type { StandingCertificate, StandingCertificates } from './standing.ts';

export interface ChosenCertificates {
  readonly defaultCertificate: CertificateSource;
  /** The certificates that SNI chooses from, each once. The default one is among them if another would take its names. */
  readonly listed: readonly CertificateSource[];
}

/** A certificate of a port's listeners beside the default one. */
interface Candidate {
  readonly port: PortChoice;
  readonly source: CertificateSource;
  readonly precedence: number;
  readonly serves: boolean;
}

interface PortChoice {
  readonly port: PortTopology;
  readonly defaultCertificate: CertificateSource;
  readonly shown: DefaultCertificate;
  readonly candidates: readonly Candidate[];
  readonly listed: Map<string, CertificateSource>;
}

/** How many certificates the lists of these ports can have at most. */
export const mostListed = (ports: readonly PortTopology[]): number =>
  ports.reduce((sum, { listeners }) => sum + new Set(listeners.flatMap(keysOf)).size, 0);

const keysOf = ({ certificates }: ListenerTopology): readonly string[] => certificates.map(sourceKey);

/** @param limit how many certificates all listeners of a load balancer may have in their lists */
export function chooseCertificates(
  ports: readonly PortTopology[],
  limit: number,
  standing: ReadonlyMap<number, StandingCertificates>,
): { readonly chosen: ReadonlyMap<PortTopology, ChosenCertificates>; readonly problems: readonly Problem[] } {
  const choices = ports.flatMap((port) => portChoice(port, standing.get(port.port)) ?? []);
  const candidates = choices.flatMap((choice) => choice.candidates);
  let room = limit;
  const list = ({ listed }: PortChoice, source: CertificateSource): void => {
    if (room === 0 || listed.has(sourceKey(source))) return;
    listed.set(sourceKey(source), source);
    room -= 1;
  };
  for (const { port, source } of candidates.filter(({ serves }) => serves)) list(port, source);
  for (const choice of choices) {
    if ([...choice.listed.values()].some((each) => choice.shown.losesTo(each))) list(choice, choice.defaultCertificate);
  }
  for (const { port, source } of candidates.toSorted((a, b) => a.precedence - b.precedence)) {
    if (room === 0 || port.listed.has(sourceKey(source))) continue;
    const needsDefault = !port.listed.has(sourceKey(port.defaultCertificate)) && port.shown.losesTo(source);
    // A certificate that would take the default certificate's names fits only if the default one is in the list too.
    if (needsDefault && room < 2) continue;
    if (needsDefault) list(port, port.defaultCertificate);
    list(port, source);
  }
  return {
    chosen: new Map(choices.map((choice) => [choice.port, chosenOf(choice)])),
    problems: choices.flatMap((choice) => leftOut(choice, limit)),
  };
}

/** Undefined for a port without certificates. The serving default certificate stays; else the first listener's first is used. */
function portChoice(port: PortTopology, standing: StandingCertificates | undefined): PortChoice | undefined {
  const sources = new Map<string, Omit<Candidate, 'port' | 'serves'>>();
  for (const { certificates, precedence = 0 } of port.listeners) {
    for (const source of certificates) {
      const key = sourceKey(source);
      if (!sources.has(key)) sources.set(key, { source, precedence });
    }
  }
  const all = [...sources.values()];
  const stands = all.find(({ source }) => standing !== undefined && isSame(standing.defaultCertificate, source));
  const defaultCertificate = (stands ?? all[0])?.source;
  if (defaultCertificate === undefined) return undefined;
  const candidates: Candidate[] = [];
  const shown = new DefaultCertificate(defaultCertificate, port.listeners);
  const choice: PortChoice = { port, defaultCertificate, shown, candidates, listed: new Map() };
  for (const each of all) {
    if (each.source === defaultCertificate) continue;
    const serves = standing?.listed.some((other) => isSame(other, each.source)) ?? false;
    candidates.push({ ...each, port: choice, serves });
  }
  return choice;
}

const isSame = (standing: StandingCertificate, source: CertificateSource): boolean =>
  source.kind === 'secret' ? standing.certificate === certificateId(source) : standing.arn === source.reference;

export const certificateId = ({ secret }: Extract<CertificateSource, { kind: 'secret' }>): ResourceId =>
  resourceId('certificate', secret);

/** The order depends only on the certificates. */
const chosenOf = ({ defaultCertificate, listed }: PortChoice): ChosenCertificates => ({
  defaultCertificate,
  listed: [...listed.values()].toSorted((a, b) => (sourceKey(a) < sourceKey(b) ? -1 : 1)),
});

function leftOut({ port, defaultCertificate, listed }: PortChoice, limit: number): readonly Problem[] {
  const served = new Set([sourceKey(defaultCertificate), ...listed.keys()]);
  return port.listeners
    .filter((listener) => keysOf(listener).some((key) => !served.has(key)))
    .map(({ name }) => ({ kind: 'too-many-certificates', listener: name, field: 'tls.certificateRefs', limit }));
}
