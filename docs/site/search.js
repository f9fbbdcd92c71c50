/** Search in the browser: an index made when the site was built, fetched when the field is first used. */
import MiniSearch from './minisearch.js';

const root = document.documentElement.dataset.root ?? '';
const input = document.querySelector('.search input');
const list = document.querySelector('#results');
const LIMIT = 12;
let index;
let chosen = -1;

async function load() {
  index ??= fetch(`${root}search.json`)
    .then((answer) => answer.text())
    .then((text) =>
      MiniSearch.loadJSON(text, { fields: ['title', 'page', 'text'], storeFields: ['title', 'page', 'url'] }),
    );
  return index;
}

async function search() {
  const query = input.value.trim();
  const options = { prefix: true, fuzzy: 0.15, boost: { title: 4, page: 2 }, combineWith: 'AND' };
  const hits = query === '' ? [] : (await load()).search(query, options).slice(0, LIMIT);
  if (query !== input.value.trim()) return;
  chosen = -1;
  list.replaceChildren(...(hits.length > 0 || query === '' ? hits.map(entry) : [nothing()]));
  show(query !== '');
}

function entry({ title, page, url }) {
  const item = document.createElement('li');
  item.role = 'option';
  const link = document.createElement('a');
  link.href = root + url;
  link.append(title);
  const where = document.createElement('small');
  where.textContent = page;
  if (page !== title) link.append(where);
  item.append(link);
  return item;
}

function nothing() {
  const item = document.createElement('li');
  item.textContent = 'Nothing found';
  return item;
}

function show(shown) {
  list.hidden = !shown;
  input.setAttribute('aria-expanded', String(shown));
}

function choose(step) {
  const links = [...list.querySelectorAll('a')];
  if (links.length === 0) return;
  chosen = (chosen + step + links.length) % links.length;
  for (const [i, link] of links.entries())
    link.parentElement.setAttribute('aria-selected', String(i === chosen));
  links[chosen].scrollIntoView({ block: 'nearest' });
}

input.addEventListener('focus', () => void load());
input.addEventListener('input', () => void search());
input.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    choose(event.key === 'ArrowDown' ? 1 : -1);
  } else if (event.key === 'Enter') {
    (list.querySelector('[aria-selected=true] a') ?? list.querySelector('a'))?.click();
  } else if (event.key === 'Escape') {
    show(false);
  }
});
list.addEventListener('click', () => show(false));
document.addEventListener('click', ({ target }) => {
  if (!target.closest('.search')) show(false);
});
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target.closest('input')) return;
  event.preventDefault();
  input.focus();
});
