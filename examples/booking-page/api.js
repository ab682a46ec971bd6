// How a page calls Frontrow: nothing happens twice. ?api= is for a developer's machine: elsewhere a link could have passwords sent anywhere.
const API = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname) && new URLSearchParams(location.search).get('api') || 'http://127.0.0.1:8080';
// A reload loses neither what outlives the tab (session, queue tokens, passes), nor what the tab is doing.
export const [kept, doing] = [localStorage, sessionStorage].map(storage => ({
  get: name => JSON.parse(storage.getItem(`${API} ${name}`)),
  set: (name, value) => storage.setItem(`${API} ${name}`, JSON.stringify(value)),
}));
/** A refusal, from its problem document (RFC 9457): decide by its `kind`, show people its `message`. */
function refusal(problem) {
  const mistakes = problem.errors?.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; ');
  return Object.assign(new Error(mistakes ?? problem.detail ?? problem.title), problem, { kind: problem.type.split(/[:/]/).pop() });
}

// The server's clock decides when a hold lapses. What comes from a cache has an old date, and no date has a fraction.
let ahead = 0;
export const now = () => Date.now() + ahead;
function readClock(headers) {
  const difference = Date.parse(headers.get('Date')) - Date.now();
  if (headers.get('Cache-Control') === 'no-store' && (difference > ahead || difference < ahead - 2000)) ahead = difference;
}
export const pause = seconds => new Promise(resolve => { setTimeout(resolve, seconds * 1000); });
let refreshed; // a refresh under way
const tell = text => document.dispatchEvent(new CustomEvent('connection', { detail: text }));

/** Calls until there is an answer. `sale`: with its pass, if there is one; `etag`: null if nothing has changed since. */
export async function call(method, path, { body, sale, etag, headers = {} } = {}) {
  const token = kept.get('session')?.access_token;
  const all = { 'Authorization': token && `Bearer ${token}`, 'Frontrow-Pass': sale && await passOf(sale),
    'If-None-Match': etag, 'Content-Type': body && 'application/json', ...headers };
  const request = { method, headers: Object.entries(all).filter(([, value]) => value), body: JSON.stringify(body) };
  const [response, text] = await fetch(`${API}/v1${path}`, { ...request, signal: AbortSignal.timeout(15_000) })
    .then(async response => [response, await response.text()]).catch(() => []);
  const retryAfter = response?.headers.get('Retry-After');
  if (text == null || retryAfter) {
    tell(`${retryAfter ? JSON.parse(text).title : `No connection to ${API}`}. Trying again in ${retryAfter ?? 2} s …`);
    return pause(Number(retryAfter ?? 2)).then(() => call(method, path, { body, sale, etag, headers }));
  }
  tell('');
  readClock(response.headers);
  if (response.status === 304) return null;
  const answer = text ? JSON.parse(text) : {};
  if (response.ok) return { ...answer, etag: response.headers.get('ETag') };
  const problem = refusal(answer);
  if (problem.kind !== 'access-token' || !token) throw problem;
  refreshed ??= call('POST', '/sessions/refresh', { body: { refresh_token: kept.get('session').refresh_token } });
  kept.set('session', await refreshed.finally(() => { refreshed = null; }));
  return call(method, path, { body, sale, etag, headers });
}

/** The pass of a sale with a waiting room, renewed in its last minute. */
async function passOf(sale) {
  const expires = Date.parse(kept.get(`pass ${sale}`)?.expires);
  if (expires - now() < 60_000) kept.set(`pass ${sale}`, await call('PUT', `/sales/${sale}/admission`, { body: {} }));
  return kept.get(`pass ${sale}`)?.pass;
}

/** Posts what mustn't happen twice. Until it's answered it's kept with its key, so that a reload sends the same again. */
export function once(path, body, sale) {
  doing.set('request', { path, body, sale, key: crypto.randomUUID() });
  return resume();
}
export function resume() {
  const { path, body, sale, key } = doing.get('request');
  return call('POST', path, { body, sale, headers: { 'Idempotency-Key': key } }).finally(() => doing.set('request', null));
}
