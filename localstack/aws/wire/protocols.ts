// The three wire protocols: how each says a result and an error.
import type { AwsError, Output, Service } from '../service.ts';
import { escapeXml, xmlContent } from './xml.ts';

export interface WireResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const xmlHead = '<?xml version="1.0" encoding="UTF-8"?>\n';
const textXml = 'text/xml;charset=utf-8';

type Call = { readonly service: Service; readonly action: string; readonly requestId: string };

function jsonReplacer(this: unknown, key: string, value: unknown): unknown {
  const raw: unknown = (this as Record<string, unknown>)[key];
  // smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html: timestamps are epoch seconds.
  return raw instanceof Date ? raw.getTime() / 1000 : value;
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
      return { status: 200, contentType: 'application/x-amz-json-1.1', body: JSON.stringify(output, jsonReplacer) };
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
