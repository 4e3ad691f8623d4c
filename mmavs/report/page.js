'use strict';
// Sorts and filters the clips. The choice stands in the address (#sort=diff&a=0&b=2&set=1), so that a view can be linked.
(() => {
  const form = document.getElementById('controls');
  if (!form) return;
  const box = document.getElementById('cards');
  const status = form.querySelector('output');
  const cards = Array.from(box.children).map((node) => {
    const scores = node.dataset.scores.split(' ').map(Number);
    const known = scores.filter((score) => !Number.isNaN(score));
    return {
      node,
      scores,
      place: Number(node.dataset.place),
      id: node.dataset.id,
      set: node.dataset.set,
      mean: known.reduce((sum, score) => sum + score, 0) / known.length,
    };
  });
  const number = (name) => Number(form.elements[name] ? form.elements[name].value : 0);
  const keys = {
    picked: (card) => card.place,
    diff: (card, a, b) => -Math.abs(card.scores[a] - card.scores[b]),
    a: (card, a, b) => card.scores[b] - card.scores[a],
    b: (card, a, b) => card.scores[a] - card.scores[b],
    best: (card) => -card.mean,
    worst: (card) => card.mean,
  };
  const last = (value) => (Number.isNaN(value) ? Infinity : value);

  function compare(sort, a, b) {
    const byId = (x, y) => (x.id < y.id ? -1 : x.id > y.id ? 1 : x.place - y.place);
    if (sort === 'id') return byId;
    const key = (card) => last(keys[sort](card, a, b));
    return (x, y) => {
      const [first, second] = [key(x), key(y)];
      return first < second ? -1 : first > second ? 1 : x.place - y.place;
    };
  }

  function show() {
    const set = form.elements.set.value;
    const sort = form.elements.sort.value;
    const order = cards.slice().sort(compare(sort, number('a'), number('b')));
    let shown = 0;
    for (const card of order) {
      card.node.hidden = set !== '' && card.set !== set;
      shown += card.node.hidden ? 0 : 1;
      box.append(card.node);
    }
    status.textContent = shown + ' of ' + cards.length + ' clips';
  }

  function readAddress() {
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      const field = form.elements[name];
      const known = field && field.options && Array.from(field.options).some((option) => option.value === value);
      if (known) field.value = value;
    }
    show();
  }

  form.addEventListener('change', () => {
    show();
    history.replaceState(null, '', '#' + new URLSearchParams(new FormData(form)));
  });
  form.addEventListener('submit', (event) => event.preventDefault());
  window.addEventListener('hashchange', readAddress);
  readAddress();
})();
