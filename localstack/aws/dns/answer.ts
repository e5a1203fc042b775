// Answers DNS queries. RFC 1035, RFC 2308 (negative answers), RFC 6891 (EDNS).
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Packet,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import { type Named, resolve, zoneOf } from './names.ts';

const rcodes = { NOERROR: 0, FORMERR: 1, NXDOMAIN: 3, NOTIMP: 4 } as const;

/** In seconds, as in AWS for load balancers' names. */
const ttl = 60;

const headerBytes = 12;
/** Limits for answers over UDP: 512 bytes without EDNS, and 1,232 bytes fit into an Ethernet frame. */
const udp = { plain: 512, max: 1232 };

/** Undefined if the message is not a query: answering answers might never end. */
export function answer(query: Buffer, transport: 'udp' | 'tcp', all: readonly Named[]): Buffer | undefined {
  if (query.length < headerBytes || (query[2] ?? 0) >> 7 === 1) return undefined;
  if ((((query[2] ?? 0) >> 3) & 0xf) !== 0) return bare(query, rcodes.NOTIMP);
  try {
    const asked = decode(query);
    const response = respond(asked, all);
    if (!response) return bare(query, rcodes.FORMERR);
    const encoded = encode(response);
    if (transport === 'tcp' || encoded.length <= udpBytes(asked)) return encoded;
    const { id, type, flags, questions } = response;
    return encode({ id, type, flags: flags | TRUNCATED_RESPONSE, questions });
  } catch {
    return bare(query, rcodes.FORMERR);
  }
}

/** Only a header, with the query's id. */
function bare(query: Buffer, rcode: number): Buffer {
  const header = Buffer.alloc(headerBytes);
  query.copy(header, 0, 0, 4);
  header.writeUInt8(((query[2] ?? 0) & 0x79) | 0x80, 2);
  header.writeUInt8(rcode, 3);
  return header;
}

function udpBytes({ additionals = [] }: Packet): number {
  const opt = additionals.find(({ type }) => type === 'OPT');
  const offered = opt?.type === 'OPT' ? opt.udpPayloadSize : udp.plain;
  return Math.min(Math.max(offered, udp.plain), udp.max);
}

/**
 * Undefined unless the query has exactly one question. Nothing is forwarded: all names except load balancers' get NXDOMAIN,
 * because with another code glibc would stop before the end of its search list.
 */
function respond({ id, flags = 0, questions = [], additionals = [] }: Packet, all: readonly Named[]) {
  const [question, second] = questions;
  if (!question || second) return undefined;
  const { name, type } = question;
  const zone = zoneOf(name);
  const addresses = resolve(name, all);
  const exists = addresses !== undefined || zone === name.toLowerCase();
  const answers = [
    ...(type === 'A' ? (addresses?.ipv4 ?? []) : []).map((data): Answer => ({ type: 'A', name, ttl, data })),
    ...(type === 'AAAA' ? (addresses?.ipv6 ?? []) : []).map((data): Answer => ({ type: 'AAAA', name, ttl, data })),
  ];
  const edns = additionals.some((each) => each.type === 'OPT');
  return {
    id,
    type: 'response',
    flags: AUTHORITATIVE_ANSWER | (flags & RECURSION_DESIRED) | (exists ? rcodes.NOERROR : rcodes.NXDOMAIN),
    questions: [question],
    answers,
    authorities: answers.length > 0 ? [] : [authority(zone)],
    additionals: edns ? [opt] : [],
  } satisfies Packet;
}

/** How long a negative answer may be cached. */
const authority = (zone: string): Answer => ({
  type: 'SOA',
  name: zone,
  ttl,
  data: {
    mname: 'ns.amazonaws.com',
    rname: 'hostmaster.amazonaws.com',
    serial: 1,
    refresh: 7200,
    retry: 900,
    expire: 1_209_600,
    minimum: ttl,
  },
});

const opt: Answer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: udp.max,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};
