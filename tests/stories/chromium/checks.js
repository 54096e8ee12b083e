// What keeps somebody from using a page, in words: what a screen reader would not say, what is too pale, what runs off the
// side, what the tabulator does not reach. The rules are those of WCAG 2.2, by number.
Object.assign(window.hands, (() => {
  const { squeezed, is_seen, all, label_of } = window.hands;
  const short = (element) => squeezed(element.outerHTML).slice(0, 120);
  const reached = new Set();

  const colour = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    return { r, g, b, a };
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const ground = colour(getComputedStyle(one).backgroundColor);
      if (ground.a > 0) return ground;
    }
    return { r: 255, g: 255, b: 255, a: 1 };
  };
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  // 1.4.3: words stand out from what is behind them.
  const pale = () => {
    const faults = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!squeezed(node.data) || !is_seen(parent) || parent.closest(".sr, option, script, style")) continue;
      const style = getComputedStyle(parent);
      const ink = colour(parent instanceof SVGElement ? style.fill : style.color);
      const ratio = contrast(ink, behind(parent));
      if (ratio < 4.5) faults.push(`1.4.3 contrast ${ratio.toFixed(2)}: ${short(parent)}`);
    }
    return faults;
  };
  // 1.3.1, 3.3.2: whoever hears the page knows what to fill in. 1.1.1: and what a picture says. 2.4.4, 4.1.2: and what a
  // button does.
  const nameless = () => {
    const fields = [...document.querySelectorAll("input, select, textarea")].filter((one) => one.type !== "hidden");
    const pictures = [...document.querySelectorAll("img, svg")];
    const said = (one) => one.getAttribute("aria-label") || one.getAttribute("alt");
    return [
      ...fields.filter((one) => !label_of(one) && !said(one)).map((one) => `3.3.2 no label: ${short(one)}`),
      ...pictures.filter((one) => !said(one) && one.getAttribute("aria-hidden") !== "true").map((one) => `1.1.1 no words: ${short(one)}`),
      ...all("a, button, summary").filter((one) => !squeezed(one.innerText) && !said(one)).map((one) => `4.1.2 no name: ${short(one)}`),
    ];
  };
  // 2.4.2, 2.4.6, 3.1.1, 1.3.1: title, one heading of the page and no level left out, language, headings of tables, ids once.
  const unordered = () => {
    const levels = all("h1, h2, h3, h4").map((one) => Number(one.tagName[1]));
    const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
    const heads = [...document.querySelectorAll("th")].filter((one) => !one.scope);
    return [
      ...(document.title && document.documentElement.lang ? [] : ["2.4.2 no title, or no language"]),
      ...(levels.filter((level) => level === 1).length === 1 ? [] : [`2.4.6 headings of the page: ${levels}`]),
      ...levels.filter((level, at) => at > 0 && level > levels[at - 1] + 1).map((level) => `1.3.1 a level before h${level} is left out`),
      ...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `4.1.1 id twice: ${id}`),
      ...heads.map((one) => `1.3.1 heading of what: ${short(one)}`),
    ];
  };
  // 1.4.10: nothing runs off the side.
  const wide = () => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    const over = all("main *, header *").filter((one) => one.getBoundingClientRect().right > room + 1 && !one.closest(".scroll, nav"));
    return [`1.4.10 ${document.documentElement.scrollWidth} of ${room} wide: ${over.slice(0, 3).map(short).join(" ")}`];
  };

  const actions = () =>
    all("a[href], button, summary, input, select, textarea").filter((one) => one.type !== "hidden" && !one.disabled && !one.closest(".skip"));
  // Of radio buttons of one name the tabulator stops at one.
  const missed = () => actions().filter((one) => !reached.has(one) && one.type !== "radio");
  return {
    faults: () => [...pale(), ...nameless(), ...unordered(), ...wide()],
    // 2.1.1, 2.4.7: the tabulator reaches every action, and shows where it is.
    to_the_top: () => {
      reached.clear();
      document.activeElement?.blur();
      getSelection().removeAllRanges();
      window.scrollTo(0, 0);
    },
    reach: () => {
      const one = document.activeElement;
      if (one && getComputedStyle(one).outlineStyle !== "none") reached.add(one);
      return missed().length;
    },
    missed: () => missed().map(short),
  };
})());
