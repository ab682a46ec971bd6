// The way to a ticket: wait in the queue, choose seats, hold them, pay.
import { call, doing, kept, now, once, pause } from './api.js';
import { button, go, h, money, poll, say, when } from './elements.js';
/** Does what mustn't happen twice, and goes where it leads. */
const act = (path, body, sale) => once(path, body, sale).then(arrive);
export async function arrive({ id, status, performance_id }) {
  if (status === 'pending') return pause(1).then(() => call('GET', `/wallet/charges/${id}`)).then(arrive);
  if (status === 'held') doing.set(`chosen ${performance_id}`, []);
  go(status === 'held' ? `reservation/${id}` : location.hash.slice(1));
}

export async function queue(signal, sale, performance) {
  const token = kept.get(`token ${sale}`);
  const headers = { 'Frontrow-Queue-Token': token, 'Prefer': 'wait=10' };
  const position = h('p', { className: 'big', ariaLive: 'polite' });
  const join = button('Join the queue', async () => {
    kept.set(`token ${sale}`, (await call('POST', `/sales/${sale}/queue-tokens`, { body: {} })).token);
    go(location.hash.slice(1));
  });
  async function ask() {
    const { status, opens, people_ahead, wait, message, ask_again_seconds } = await call('GET', '/queue-tokens/current', { headers });
    const place = { lobby: `The queue opens on ${when(opens)}`, waiting: `People ahead of you: ${people_ahead}` }[status];
    const minutes = wait && `minutes to wait: about ${Math.ceil(wait.most_seconds / 60)}`;
    say(position, [place ?? 'It’s your turn …', minutes, message].filter(Boolean).join('; '));
    if (place) return ask_again_seconds;
    const admission = await call('POST', `/sales/${sale}/admission`, { headers });
    if (!admission.pass) return 1;
    kept.set(`pass ${sale}`, admission);
    go(`performance/${performance}/${sale}`);
  }
  if (token) poll(signal, ask).catch(problem => {
    kept.set(`token ${sale}`, null);
    position.replaceWith(join);
    throw problem;
  });
  return [h('h1', 'Queue'), token ? position : join, h('p', 'You keep your place when you close this page.')];
}
export async function performance(signal, id, sale) {
  const show = await call('GET', `/performances/${id}`, { sale });
  const title = h('h1', `${show.venue.name}, ${when(show.starts_at, show.time_zone)}`);
  const open = show.sales.find(open => open.id === sale) ?? show.sales[0];
  if (!open) return [title, 'Not on sale now.'];
  if (sale !== open.id) return go(`performance/${id}/${open.id}`);
  if (open.waiting_room && !kept.get(`pass ${open.id}`)) return go(`queue/${open.id}/${id}`);
  const [{ sections }, { tiers }] = await Promise.all([`seat-map/${show.seat_map_version}`, 'prices'].map(part =>
    call('GET', `/performances/${id}/${part}`, { sale: open.id })));
  const prices = new Map(tiers.map(({ code, prices: [{ price }] }) => [code, money(price)]));
  return [title, ...seats(signal, id, open.id, sections, prices)];
}
function seats(signal, id, sale, sections, prices) {
  const chosen = new Map(doing.get(`chosen ${id}`)); // numbers of seats by their labels
  let [availability, holding] = [{ bitmap: '' }];
  // Bit n-1 of the bitmap, least significant first, is 1 if seat n can be held.
  const isFree = number => availability.bitmap.charCodeAt((number - 1) >> 3) >> ((number - 1) & 7) & 1;
  const [choice, drawn] = [h('p', { ariaLive: 'polite' }), []];
  const hold = () => (holding = act(`/performances/${id}/reservations`, { sale_id: sale, seats: [...chosen.keys()] }, sale)).catch(problem => { holding = null; throw problem; }).finally(refresh);
  function drawRow(section, row) { // where people stand, the section itself is its only row
    const { first, seats = section.spots, tier, blocked = [] } = row;
    const name = row === section ? row.name : `${section.name}-${row.name}`;
    return h('div', { className: 'row', role: 'group', ariaLabel: name }, ...Array.from({ length: seats }, (_, index) => {
      if (blocked.includes(index + 1)) return h('span');
      const [label, number] = [`${name}-${index + 1}`, first + index];
      const seat = h('button', { className: 'seat', ariaLabel: `${label}, ${prices.get(tier)}`, onclick: () => {
        if (!chosen.delete(label) && isFree(number)) chosen.set(label, number);
        paint();
      } }, index + 1);
      drawn.push({ seat, label, number });
      return seat;
    }));
  }
  const drawSection = section => h('details', { open: section === sections[0], ontoggle: ({ target }) => {
    if (!target.children[1]) target.append(...(section.rows ?? [section]).map(row => drawRow(section, row)));
    paint();
  } }, h('summary', section.name));
  function paint(lost = []) {
    for (const { seat, label, number } of drawn) Object.assign(seat, { ariaPressed: chosen.has(label), ariaDisabled: !isFree(number) });
    doing.set(`chosen ${id}`, [...chosen]);
    say(choice, `Your choice: ${[...chosen.keys()].join(', ')}${lost.map(label => `. Somebody else was faster: ${label}`).join('')}`);
  }
  async function refresh() {
    const news = await call('GET', `/performances/${id}/availability`, { sale, etag: availability.etag });
    if (news) availability = { ...news, bitmap: atob(news.bitmap) };
    if (news) paint([...chosen.keys()].filter(label => !holding && !isFree(chosen.get(label)) && chosen.delete(label))); // what is held here isn't lost
    return 2;
  }
  poll(signal, refresh);
  return [...sections.map(drawSection), choice, button('Hold these seats', hold)];
}

export async function reservation(signal, id) {
  const get = () => call('GET', `/reservations/${id}`);
  const { status, held_until, total, line_items, performance_id, sale_id } = await get();
  const list = (items, describe) => h('ul', ...items.map(item => h('li', describe(item))));
  const page = [h('h1', `Reservation: ${status}`), list(line_items, ({ seat, price }) => `${seat}: ${money(price)}`)];
  if (status === 'confirmed') {
    const tickets = await call('GET', `/reservations/${id}/tickets`);
    return [...page, h('h2', 'Tickets'), list(tickets.items, ({ seat, code }) => `${seat}: ${code}`)];
  }
  if (status !== 'held' && status !== 'expired') return page;
  const { balance } = await call('GET', '/wallet');
  const amount = total.amount - balance.amount;
  const charge = () => act('/wallet/charges', { amount, payment_token: 'tok_accept' });
  const pay = () => act(`/reservations/${id}/payment`, { method: 'points' }, sale_id);
  const release = () => call('DELETE', `/reservations/${id}`).then(() => go(`performance/${performance_id}`));
  const [timer, minutes] = [h('p', { className: 'big', role: 'timer' }), h('p', { ariaLive: 'polite' })];
  poll(signal, () => {
    const left = Math.max(0, Math.ceil((Date.parse(held_until) - now()) / 1000));
    timer.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
    say(minutes, left ? `Minutes left to pay: ${Math.ceil(left / 60)}` : 'The hold has lapsed. Pay before somebody else has the seats.');
    return 1;
  });
  poll(signal, async () => (await get()).status === status ? 5 : signal.aborted ? null : go(`reservation/${id}`));
  return [...page, h('p', `In all: ${money(total)}. Your wallet: ${money(balance)}`), timer, minutes, amount <= 0
    ? button('Pay', pay) : button(`Charge the wallet: ${money({ ...total, amount })}`, charge), ' ', button('Let them go', release)];
}
