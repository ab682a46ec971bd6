// What the pages are made of.
import { pause } from './api.js';
/** An element: h('a', { href: '#concerts' }, 'Concerts'). What comes from the API only ever becomes text. */
export function h(tag, ...parts) {
  const element = document.createElement(tag);
  for (const part of parts) part.constructor === Object ? Object.assign(element, part) : element.append(part);
  return element;
}
/** A button that rests while its action runs. */
export const button = (text, action) => h('button', { onclick: async ({ target }) => {
  target.disabled = true;
  try { await action(); } finally { target.disabled = false; }
} }, text);
/** Changes a text only if it's another one: screen readers read every change out. */
export const say = (element, text) => { if (element.textContent !== text) element.textContent = text; };
/** Goes to a page in place of this one, or draws it anew. */
export const go = to => location.hash === `#${to}` ? dispatchEvent(new Event('hashchange')) : location.replace(`#${to}`);
/** Asks again after as many seconds as the answer says, until it says none or the page is left. */
export async function poll(signal, ask) {
  for (let seconds = 0; seconds != null && !signal.aborted; await pause(seconds)) seconds = await ask();
}
export const when = (time, timeZone) => new Date(time).toLocaleString('en', { dateStyle: 'full', timeStyle: 'short', timeZone });
export function money({ amount, currency }) {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits); // amounts are in minor units
}
