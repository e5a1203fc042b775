// The actions before routing. They are stored and described, but never performed.
import type { Input } from '../service.ts';
import { validationError } from './errors.ts';
import { record, records, requiredText, texts } from './input.ts';

export interface AuthenticateAction {
  readonly Type: 'authenticate-oidc' | 'authenticate-cognito';
  readonly Order: number | undefined;
  readonly AuthenticateOidcConfig?: Input;
  readonly AuthenticateCognitoConfig?: Input;
}

export interface JwtValidationAction {
  readonly Type: 'jwt-validation';
  readonly Order: number | undefined;
  readonly JwtValidationConfig: Input;
}

const defaults = {
  SessionCookieName: 'AWSELBAuthSessionCookie',
  Scope: 'openid',
  SessionTimeout: '604800',
  OnUnauthenticatedRequest: 'authenticate',
};

const oidcRequired = ['Issuer', 'AuthorizationEndpoint', 'TokenEndpoint', 'UserInfoEndpoint', 'ClientId'];
const cognitoRequired = ['UserPoolArn', 'UserPoolClientId', 'UserPoolDomain'];

export function readAuthenticate(
  input: Input,
  type: AuthenticateAction['Type'],
  order: number | undefined,
): AuthenticateAction {
  const oidc = type === 'authenticate-oidc';
  const name = oidc ? 'AuthenticateOidcConfig' : 'AuthenticateCognitoConfig';
  const config = record(input, name);
  if (!config) throw validationError(`A ${type} action needs an ${name}`);
  for (const field of oidc ? oidcRequired : cognitoRequired) requiredText(config, field);
  // The secret is never returned.
  const { ClientSecret: _secret, ...shown } = config;
  return { Type: type, Order: order, [name]: { ...defaults, ...shown } };
}

/** docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_JwtValidationActionConfig.html */
export function readJwtValidation(input: Input, order: number | undefined): JwtValidationAction {
  const config = record(input, 'JwtValidationConfig');
  if (!config) throw validationError('A jwt-validation action needs a JwtValidationConfig');
  const claims = records(config, 'AdditionalClaims') ?? [];
  if (claims.length > 10) throw validationError('At most 10 additional claims can be specified');
  const endpoint = requiredText(config, 'JwksEndpoint');
  if (!endpoint.startsWith('https://')) throw validationError('The JWKS endpoint must be an HTTPS URL');
  return {
    Type: 'jwt-validation',
    Order: order,
    JwtValidationConfig: {
      JwksEndpoint: endpoint,
      Issuer: requiredText(config, 'Issuer'),
      AdditionalClaims: claims.map((claim) => ({
        Format: requiredText(claim, 'Format'),
        Name: requiredText(claim, 'Name'),
        Values: texts(claim, 'Values') ?? [],
      })),
    },
  };
}
