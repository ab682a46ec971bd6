// Which page is shown: the address says it (#performance/ID), so that a reload shows it again.
import { call, doing, kept, resume } from './api.js';
import { arrive, performance, queue, reservation } from './booking.js';
import { button, go, h, money, when } from './elements.js';
const [main, error, connection] = ['main', 'error', 'connection'].map(id => document.getElementById(id));
let leave = new AbortController();
async function show() {
  leave.abort();
  const { signal } = leave = new AbortController();
  const [name, ...ids] = location.hash.slice(1).split('/');
  const page = new Map(Object.entries({ concert, performance, queue, reservation, reservations })).get(name) ?? concerts;
  const isPublic = page === concerts || page === concert;
  error.textContent = '';
  const content = await (isPublic || kept.get('session') ? page : signIn)(signal, ...ids).catch(complain);
  if (content && !signal.aborted) main.replaceChildren(...content);
}

/** Says what is wrong, or goes where it can be mended. */
function complain(problem) {
  const [page, id, sale = problem.sales?.[0]] = location.hash.split('/');
  const nearby = problem.alternatives?.map(block => block.join(' and ')).join(', or ');
  error.textContent = problem.message + (nearby ? `. Free nearby: ${nearby}.` : '');
  if (['access-token', 'session-ended'].includes(problem.kind)) {
    kept.set('session', null);
    show();
  } else if (page === '#performance' && /^(pass-|not-admitted|admission-ended)/.test(problem.kind)) {
    kept.set(`pass ${sale}`, null);
    go(`queue/${sale}/${id}`);
  }
}

async function signIn() {
  const field = (text, name, type, autocomplete) => h('p', h('label', `${text} `, h('input', { name, type, autocomplete })));
  const onsubmit = async event => {
    event.preventDefault();
    const { name, ...credentials } = Object.fromEntries(new FormData(event.target));
    if (event.submitter.value === 'sign-up') await call('POST', '/users', { body: { ...credentials, name }, headers: { 'Idempotency-Key': crypto.randomUUID() } });
    kept.set('session', await call('POST', '/sessions', { body: credentials }));
    show();
  };
  return [h('h1', 'Sign in'), h('form', { onsubmit }, field('Email', 'email', 'email', 'email'),
    field('Password', 'password', 'password', 'current-password'), field('Name (to sign up)', 'name', 'text', 'name'),
    h('button', 'Sign in'), ' ', h('button', { value: 'sign-up' }, 'Sign up'))];
}

const link = (to, text) => h('a', { href: `#${to}` }, text);
/** A list, with a button for its next page. */
async function list(path, describe, cursor, items = h('ul')) {
  const page = await call('GET', cursor ? `${path}?cursor=${cursor}` : path);
  const more = h('li', button('More', () => list(path, describe, page.next_cursor, items).then(() => more.remove())));
  items.append(...page.items.map(item => h('li', describe(item))), ...page.next_cursor ? [more] : []);
  return items;
}
async function concerts() {
  return [h('h1', 'Concerts'), await list('/concerts', ({ id, title, artist }) => link(`concert/${id}`, `${title}, ${artist}`))];
}
async function concert(signal, id) {
  return [h('h1', 'Performances'), await list(`/concerts/${id}/performances`, show => link(`performance/${show.id}`,
    `${when(show.starts_at, show.time_zone)}, ${show.venue.name}: ${show.status.replace('_', ' ')}${show.status === 'on_sale' ? `, ${show.available} seats left` : ''}`))];
}
async function reservations() {
  return [h('h1', 'My reservations'), await list('/reservations', ({ id, status, total, line_items }) =>
    link(`reservation/${id}`, `${line_items.map(({ seat }) => seat).join(', ')}: ${status}, ${money(total)}`))];
}

document.addEventListener('connection', event => { connection.textContent = event.detail; });
addEventListener('unhandledrejection', event => complain(event.reason));
addEventListener('hashchange', show);
if (doing.get('request')) resume().then(arrive, problem => show().then(() => complain(problem)));
else show();
