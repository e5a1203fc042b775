// smithy.io/2.0/aws/protocols/aws-query-protocol.html and aws-ec2-query-protocol.html
import { expect, test } from 'vitest';
import { AwsError, type Service } from '../service.ts';
import { decodeEc2, decodeQuery } from './form.ts';
import { encodeError, encodeResult } from './protocols.ts';
import { escapeXml } from './xml.ts';

const form = (text: string) => new URLSearchParams(text);

test('query lists are members, in the order of their numbers', () => {
  const decoded = decodeQuery(form('A.member.2.Port=2&A.member.1.Port=1&A.member.10.Port=10&B.C=x&D='));
  expect(decoded).toEqual({ A: [{ Port: '1' }, { Port: '2' }, { Port: '10' }], B: { C: 'x' }, D: '' });
});

test('EC2 lists have no word for members', () => {
  expect(decodeEc2(form('Filter.1.Name=vpc-id&Filter.1.Value.1=a&Filter.1.Value.2=b'))).toEqual({
    Filter: [{ Name: 'vpc-id', Value: ['a', 'b'] }],
  });
});

test('names of object internals are names like any other', () => {
  const decoded = decodeQuery(form('__proto__.polluted=x&constructor.prototype.polluted=x'));
  expect(Object.keys(decoded)).toContain('constructor');
  expect('polluted' in {}).toBe(false);
});

test('what is nested too deep is refused', () => {
  expect(() => decodeQuery(form(`${'a.'.repeat(50)}b=x`))).toThrow('nested too deep');
});

test('text is escaped, and what XML cannot carry is replaced', () => {
  expect(escapeXml('<a> & "b"\r\u0000\ud800')).toBe('&lt;a&gt; &amp; &quot;b&quot;&#xD;\ufffd\ufffd');
});

const service = (protocol: Service['protocol']): Service => ({ name: 's', protocol, namespace: 'urn:x', actions: {} });
const output = { At: new Date(1_500_000_000_500), List: [{ A: 1 }, { A: undefined }], Flag: false };

test.each([
  [
    'query' as const,
    '<DoResponse xmlns="urn:x"><DoResult><At>2017-07-14T02:40:00.500Z</At><List><member><A>1</A></member><member></member></List><Flag>false</Flag></DoResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DoResponse>',
  ],
  [
    'ec2' as const,
    '<DoResponse xmlns="urn:x"><requestId>r</requestId><At>2017-07-14T02:40:00.500Z</At><List><item><A>1</A></item><item></item></List><Flag>false</Flag></DoResponse>',
  ],
  ['json' as const, '{"At":1500000000.5,"List":[{"A":1},{}],"Flag":false}'],
])('a result in the %s protocol', (protocol, body) => {
  const encoded = encodeResult({ service: service(protocol), action: 'Do', requestId: 'r' }, output);
  expect(encoded.body.replace(/^<\?xml.*\?>\n/, '')).toBe(body);
});

test.each([
  [
    'query' as const,
    '<ErrorResponse xmlns="urn:x"><Error><Type>Sender</Type><Code>Bad</Code><Message>a &lt; b</Message></Error><RequestId>r</RequestId></ErrorResponse>',
  ],
  [
    'ec2' as const,
    '<Response><Errors><Error><Code>Bad</Code><Message>a &lt; b</Message></Error></Errors><RequestID>r</RequestID></Response>',
  ],
  ['json' as const, '{"__type":"Bad","message":"a < b"}'],
])('an error in the %s protocol', (protocol, body) => {
  const encoded = encodeError(protocol, 'urn:x', 'r', new AwsError('Bad', 'a < b'));
  expect(encoded.body.replace(/^<\?xml.*\?>\n/, '')).toBe(body);
});
