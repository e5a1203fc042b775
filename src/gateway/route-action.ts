// What happens to the requests of a rule.

import type { BackendService } from './backend-service.ts';

export type RouteAction =
  /** At least one of the backends is valid and has weight. */
  | Forward
  | {
      readonly kind: 'redirect';
      readonly redirect: Redirect;
      readonly responseHeaders?: HeaderChanges;
      readonly cors?: Cors;
    }
  /** 500 if no backend is valid, or 503 for gRPC. 404 for isolation. */
  | { readonly kind: 'respond'; readonly statusCode: number };

export interface Forward extends ForwardFilters {
  readonly kind: 'forward';
  readonly backends: readonly TopologyBackend[];
}

/** What else happens to the requests that are forwarded, and to their responses. */
export interface ForwardFilters extends HeaderFilters {
  readonly rewrite?: Rewrite;
  /** Each has a valid backend. Absent for none. */
  readonly mirrors?: readonly Mirror[];
  readonly timeouts?: Timeouts;
  readonly retry?: Retry;
  readonly cors?: Cors;
}

/** A request is sent again if no backend answers it, or if the answer has one of these codes. */
export interface Retry {
  readonly codes: readonly number[];
  /** How often at most. 0 means never, whatever a plane does by itself. */
  readonly attempts: number;
  /** How many milliseconds to wait before the first retry, about. Absent if that is the plane's choice. */
  readonly backoff?: number;
}

/** Which pages of other origins may send requests and read the responses. */
export interface Cors {
  /** None means that no page may. */
  readonly origins: readonly CorsOrigin[];
  /** Whether requests may have credentials. Then browsers read `*` in a response as a name. */
  readonly credentials: boolean;
  /** `*` stands for all methods, or all headers. */
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  /** The headers of a response that a page may read. */
  readonly exposed: readonly string[];
  /** How many seconds a browser may remember the answer to a preflight request. */
  readonly maxAge: number;
}

export type CorsOrigin =
  | { readonly kind: 'any' }
  | {
      readonly kind: 'host';
      readonly scheme: 'http' | 'https';
      /** In lower case. `*` is any host, and `*.a.com` any host below a.com. */
      readonly host: string;
      /** Absent for the default port of the scheme. */
      readonly port?: number;
    };

/** Absent where nothing changes. */
interface HeaderFilters {
  readonly requestHeaders?: HeaderChanges;
  readonly responseHeaders?: HeaderChanges;
}

/** Names are in lower case, and each occurs once in each list. */
export interface HeaderChanges {
  readonly set: readonly HeaderValue[];
  readonly add: readonly HeaderValue[];
  readonly remove: readonly string[];
}

export interface HeaderValue {
  readonly name: string;
  readonly value: string;
}

/** The backend gets copies of requests, and its responses are ignored. */
export interface Mirror {
  readonly service: BackendService;
  /** Which part of the requests is copied. */
  readonly numerator: number;
  readonly denominator: number;
}

/** In milliseconds. 0 means no limit. */
export interface Timeouts {
  /** From the request's start until the response is complete. */
  readonly request?: number;
  /** The same for one try to reach a backend. */
  readonly backendRequest?: number;
}

export interface TopologyBackend extends HeaderFilters {
  /** Absent for an invalid reference. Its share of requests is answered 500. */
  readonly service?: BackendService;
  /** 0 to 1,000,000, relative to the sum of the action's weights. */
  readonly weight: number;
  /** The rewrite of this backend only, in the place of the action's. Absent if all backends share a rewrite: then the action has it. */
  readonly rewrite?: Rewrite;
  /** Its share of requests is redirected. */
  readonly redirect?: Redirect;
  /** Besides the action's. Each has a valid backend. Absent for none. */
  readonly mirrors?: readonly Mirror[];
  /** In the place of the action's. */
  readonly cors?: Cors;
  /** The backend's index in backendRefs. */
  readonly index: number;
}

export interface Redirect {
  readonly scheme?: 'http' | 'https';
  readonly hostname?: string;
  readonly port?: number;
  readonly path?: PathModifier;
  readonly statusCode: number;
}

export interface Rewrite {
  readonly hostname?: string;
  readonly path?: PathModifier;
}

export type PathModifier =
  | { readonly kind: 'full'; readonly value: string }
  /** Replaces the matched prefix by `value`, in whole path elements. `/` means the empty prefix. */
  | { readonly kind: 'prefix'; readonly value: string };
