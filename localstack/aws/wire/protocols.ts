// The three wire protocols: the format of results and errors.
import type { AwsError, Output, Service } from '../service.ts';
import { isRecord } from './record.ts';
import { escapeXml, xmlContent } from './xml.ts';

export interface WireResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const xmlHead = '<?xml version="1.0" encoding="UTF-8"?>\n';
const textXml = 'text/xml;charset=utf-8';

type Call = { readonly service: Service; readonly action: string; readonly requestId: string };

/** Timestamps are epoch seconds: smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html. */
function jsonValue(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (Array.isArray(value)) return value.map(jsonValue);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, jsonValue(field)]));
}

export function encodeResult({ service, action, requestId }: Call, output: Output): WireResponse {
  switch (service.protocol) {
    case 'query': {
      const result = `<${action}Result>${xmlContent(output, 'member')}</${action}Result>`;
      const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
      const body = `${xmlHead}<${action}Response xmlns="${service.namespace}">${result}${metadata}</${action}Response>`;
      return { status: 200, contentType: textXml, body };
    }
    case 'ec2': {
      const content = `<requestId>${requestId}</requestId>${xmlContent(output, 'item')}`;
      const body = `${xmlHead}<${action}Response xmlns="${service.namespace}">${content}</${action}Response>`;
      return { status: 200, contentType: textXml, body };
    }
    case 'json':
      return { status: 200, contentType: 'application/x-amz-json-1.1', body: JSON.stringify(jsonValue(output)) };
  }
  return service.protocol satisfies never;
}

export function encodeError(
  protocol: Service['protocol'],
  namespace: string,
  requestId: string,
  error: AwsError,
): WireResponse {
  const code = escapeXml(error.code);
  const message = escapeXml(error.message);
  const { status } = error;
  switch (protocol) {
    case 'query': {
      const type = status < 500 ? 'Sender' : 'Receiver';
      const detail = `<Error><Type>${type}</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
      const body = `${xmlHead}<ErrorResponse xmlns="${namespace}">${detail}<RequestId>${requestId}</RequestId></ErrorResponse>`;
      return { status, contentType: textXml, body };
    }
    case 'ec2': {
      const detail = `<Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors>`;
      const body = `${xmlHead}<Response>${detail}<RequestID>${requestId}</RequestID></Response>`;
      return { status, contentType: textXml, body };
    }
    case 'json': {
      const body = JSON.stringify({ __type: error.code, message: error.message });
      return { status, contentType: 'application/x-amz-json-1.1', body };
    }
  }
  return protocol satisfies never;
}
