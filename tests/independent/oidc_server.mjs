// An OAuth 2.0 / OpenID Connect server that enforces what it declares, and an API behind it. All of the protocol is
// `oidc-provider` (certified), `oauth4webapi` (access tokens and DPoP proofs at the API), `jose` and `aws4`; what
// stands here is wiring, a log-in page, and the switches that a test needs.
//
// Reads one JSON document from stdin: {clients, tls: {key, cert, ca} | null}; a client may carry a `leadline` object
// with `access_token_ttl` (seconds) and `require_nonce`. Prints {"http": port, "https": port | null} and serves until
// stdin ends.
import crypto from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';

import aws4 from 'aws4';
import * as jose from 'jose';
import * as oauth from 'oauth4webapi';
import Provider from 'oidc-provider';

const API = 'urn:leadline:api';
const config = JSON.parse(await firstLine(process.stdin));
const own = Object.fromEntries(config.clients.map((client) => [client.client_id, client.leadline ?? {}]));
const clients = config.clients.map(({ leadline, ...client }) => client);
const state = { faults: [], seen: [], resourceNonce: null, proofs: new Set(), providers: [] };

const jwks = { keys: await Promise.all(['RS256', 'ES256'].map(newKey)) };

async function newKey(alg) {
  const { privateKey } = await jose.generateKeyPair(alg, { extractable: true });
  const key = await jose.exportJWK(privateKey);
  return { ...key, alg, use: 'sig', kid: await jose.calculateJwkThumbprint(key) };
}

function firstLine(stream) {
  return new Promise((resolve) => {
    let got = '';
    stream.setEncoding('utf8');
    stream.on('data', (part) => { got += part; if (got.includes('\n')) resolve(got.split('\n')[0]); });
    stream.on('end', () => process.exit(0));
  });
}

function makeProvider(issuer) {
  const provider = new Provider(issuer, {
    clients,
    jwks,
    cookies: { keys: [crypto.randomUUID()] },
    claims: { openid: ['sub'], email: ['email'] },
    scopes: ['openid', 'offline_access', 'email', 'leads:read', 'leads:write', 'admin'],
    clientAuthMethods: [
      'client_secret_basic', 'client_secret_post', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth', 'none',
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      dPoP: { enabled: true, nonceSecret: crypto.randomBytes(32), requireNonce: (ctx) => own[ctx.oidc.client?.clientId]?.require_nonce ?? false },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        getCertificate: (ctx) => ctx.socket.getPeerX509Certificate?.(),
        certificateAuthorized: (ctx) => ctx.socket.authorized,
        certificateSubjectMatches: (ctx, property, expected) => (
          property === 'tls_client_auth_san_dns' && ctx.socket.getPeerX509Certificate().subjectAltName === `DNS:${expected}`
        ),
      },
      resourceIndicators: {
        enabled: true,
        // OpenID Connect tokens are for the userinfo endpoint, all others for the API.
        defaultResource: (ctx) => ((ctx.oidc.params.scope ?? '').split(' ').includes('openid') ? undefined : API),
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: 'leads:read leads:write', audience: API, accessTokenFormat: 'jwt' }),
      },
    },
    ttl: {
      AccessToken: (ctx, token, client) => own[client.clientId]?.access_token_ttl ?? 600,
      ClientCredentials: (ctx, token, client) => own[client.clientId]?.access_token_ttl ?? 600,
      RefreshToken: 86400, Grant: 86400, Session: 86400, Interaction: 600, IdToken: 600,
    },
    rotateRefreshToken: true,
    expiresWithSession: () => false,
    pkce: { required: (ctx, client) => client.clientAuthMethod === 'none' },
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub, email: `${sub}@example.com` }) }),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    renderError: (ctx, out) => { ctx.type = 'json'; ctx.body = out; },
  });
  provider.use(faults);
  provider.use(testSwitches);
  provider.use(interactions(provider));
  provider.use(protectedApi(provider));
  provider.use(signedByAws);
  state.providers.push(provider);
  return provider;
}

// A vendor's bad day: the next `times` requests to `path` get this answer, or wait `delay_ms` first.
async function faults(ctx, next) {
  if (ctx.path === '/token') {
    // oidc-provider takes a body that was parsed before it.
    ctx.req.body = Object.fromEntries(new URLSearchParams(await text(ctx.req)));
    state.seen.push({ path: ctx.path, headers: ctx.headers, body: ctx.req.body, secure: ctx.secure });
  }
  const fault = state.faults.find((one) => one.path === ctx.path && one.times > 0);
  if (!fault) { await next(); return; }
  fault.times -= 1;
  if (fault.delay_ms) await new Promise((resolve) => { setTimeout(resolve, fault.delay_ms); });
  if (!fault.status) { await next(); return; }
  ctx.status = fault.status;
  ctx.set(fault.headers ?? {});
  ctx.body = fault.body ?? {};
}

async function testSwitches(ctx, next) {
  if (!ctx.path.startsWith('/test/')) { await next(); return; }
  const given = ctx.method === 'POST' ? JSON.parse(await text(ctx.req) || '{}') : {};
  if (ctx.path === '/test/fault') state.faults.push({ times: 1, path: '/token', ...given });
  else if (ctx.path === '/test/reset') Object.assign(state, { faults: [], seen: [], resourceNonce: null });
  else if (ctx.path === '/test/nonce') state.resourceNonce = given.nonce;
  const peer = ctx.socket.getPeerX509Certificate?.();
  ctx.body = ctx.path === '/test/certificate'
    ? { subject: peer?.subject ?? null, authorized: ctx.socket.authorized ?? false, authorization: ctx.headers.authorization ?? null }
    : { seen: state.seen };
}

// Log-in and consent in one form: any name signs in, "deny" refuses.
function interactions(provider) {
  return async (ctx, next) => {
    const [, uid] = ctx.path.match(/^\/interaction\/([\w-]+)$/) ?? [];
    if (!uid) { await next(); return; }
    const { prompt, params, grantId, session } = await provider.interactionDetails(ctx.req, ctx.res);
    if (ctx.method === 'GET') {
      ctx.type = 'html';
      ctx.body = `<!DOCTYPE html><html lang="en"><title>Sign in</title><h1>${prompt.name}</h1>
        <form method="post" action="${ctx.path}"><label>Name <input name="login" value="ada"></label>
        <button name="answer" value="allow">Allow</button><button name="answer" value="deny">Deny</button></form></html>`;
      return;
    }
    const form = new URLSearchParams(await text(ctx.req));
    let result = { error: 'access_denied', error_description: 'the person said no' };
    if (form.get('answer') !== 'deny') {
      const name = session?.accountId ?? form.get('login');
      result = prompt.name === 'login' ? { login: { accountId: name } } : { consent: { grantId: await consent(provider, prompt, params, grantId, name) } };
    }
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: true }));
    ctx.status = 303;
  };
}

async function consent(provider, { details }, params, grantId, accountId) {
  const grant = (grantId && await provider.Grant.find(grantId)) || new provider.Grant({ accountId, clientId: params.client_id });
  if (details.missingOIDCScope) grant.addOIDCScope(details.missingOIDCScope.join(' '));
  if (details.missingOIDCClaims) grant.addOIDCClaims(details.missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(details.missingResourceScopes ?? {})) grant.addResourceScope(resource, scopes.join(' '));
  return grant.save();
}

// The API: 200 to whom the token was given, 401 to anybody else.
function protectedApi(provider) {
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/api')) { await next(); return; }
    ctx.set({ 'X-RateLimit-Limit': '1000', 'X-RateLimit-Remaining': '900' });
    try {
      const claims = await bearer(provider, ctx);
      ctx.body = { client: claims.client_id, subject: claims.sub, scope: claims.scope, bound: Object.keys(claims.cnf ?? {}) };
    } catch (error) {
      ctx.status = 401;
      const nonce = error.message === 'use_dpop_nonce';
      if (nonce) ctx.set('DPoP-Nonce', state.resourceNonce);
      ctx.set('WWW-Authenticate', `${nonce ? 'DPoP' : 'Bearer'} error="${nonce ? 'use_dpop_nonce' : 'invalid_token'}"`);
      ctx.body = { error: nonce ? 'use_dpop_nonce' : 'invalid_token', error_description: error.message };
    }
  };
}

async function bearer(provider, ctx) {
  const token = (ctx.get('authorization')).split(' ')[1] ?? '';
  const bound = token.split('.').length === 3 ? jose.decodeJwt(token).cnf ?? {} : {};
  if (bound['x5t#S256']) {
    const { payload } = await jose.jwtVerify(token, jose.createLocalJWKSet(publicKeys()), { issuer: provider.issuer, audience: API, typ: 'at+jwt' });
    const peer = ctx.socket.getPeerX509Certificate?.();
    const print = peer && crypto.hash('sha256', peer.raw, 'base64url');
    if (print !== bound['x5t#S256']) throw new Error('the token is bound to another certificate');
    return payload;
  }
  const as = { issuer: provider.issuer, jwks_uri: `${provider.issuer}/jwks` };
  const request = new Request(ctx.href, { method: ctx.method, headers: new Headers(Object.entries(ctx.headers)) });
  const claims = await oauth.validateJwtAccessToken(as, request, API, {
    [oauth.allowInsecureRequests]: true,
    [oauth.clockTolerance]: 0,
    [oauth.customFetch]: async () => Response.json(publicKeys()),
  });
  if (bound.jkt) checkProof(jose.decodeJwt(ctx.get('dpop')));
  return claims;
}

function checkProof({ nonce, jti }) {
  if (state.resourceNonce !== null && nonce !== state.resourceNonce) throw new Error('use_dpop_nonce');
  if (state.proofs.has(jti)) throw new Error('the proof was used before');
  state.proofs.add(jti);
}

function publicKeys() {
  return { keys: jwks.keys.map(({ d, p, q, dp, dq, qi, ...key }) => key) };
}

// What AWS would do: sign the request again, with `aws4`, and compare.
async function signedByAws(ctx, next) {
  if (!ctx.path.startsWith('/aws/')) { await next(); return; }
  const body = await text(ctx.req);
  const [, id, day, region, service, names, given] = ctx.get('authorization')
    .match(/^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d+)\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)$/) ?? [];
  const headers = Object.fromEntries((names ?? '').split(';').filter(Boolean).map((name) => [name, ctx.get(name)]));
  const request = { host: ctx.host, path: ctx.url, method: ctx.method, headers, body, region, service, doNotModifyHeaders: true };
  const signer = new aws4.RequestSigner(request, config.aws ?? {});
  signer.datetime = ctx.get('x-amz-date'); // else it signs for now, which may be a second later
  const again = signer.sign();
  const fresh = ctx.get('x-amz-date').startsWith(day ?? '-') && Math.abs(Date.now() - amzTime(ctx.get('x-amz-date'))) < 300e3;
  const expected = again.headers.Authorization?.split('Signature=')[1];
  const right = id === config.aws?.accessKeyId && given === expected && fresh && (names ?? '').includes('host');
  ctx.status = right ? 200 : 403;
  ctx.body = right ? { arn: `arn:aws:iam::123456789012:user/${id}`, region, service, signed: names } : { message: 'SignatureDoesNotMatch', given, expected, fresh };
}

function amzTime(stamp) {
  return Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

async function listen(server) {
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return server.address().port;
}

async function serve(server, scheme) {
  const port = await listen(server);
  server.on('request', makeProvider(`${scheme}://127.0.0.1:${port}`).callback());
  return port;
}

const ports = { http: await serve(http.createServer(), 'http'), https: null };
if (config.tls) {
  ports.https = await serve(https.createServer({ ...config.tls, requestCert: true, rejectUnauthorized: false }), 'https');
}
process.stdout.write(`${JSON.stringify(ports)}\n`);
