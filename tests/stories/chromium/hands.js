// What finds things on a page as a person does, by what they say. A hand answers null where it finds nothing yet.
window.hands = (() => {
  const squeezed = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  const is_seen = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility === "visible";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)].filter(is_seen);
  const parts = "li, tr, section, form, article";

  // The innermost part of the page that says something.
  const part_of = (words) => {
    const saying = all(parts).filter((part) => squeezed(part.innerText).includes(words));
    return saying.find((part) => !saying.some((other) => other !== part && part.contains(other)));
  };
  const action = (words, part) => {
    let within = part ? part_of(part) : document;
    for (; within; within = within.parentElement?.closest(parts)) {
      const found = all("button, a, summary", within);
      const exact = found.find((one) => squeezed(one.innerText) === words);
      const near = found.find((other) => squeezed(other.innerText).startsWith(words));
      const one = exact ?? near ?? found.find((other) => squeezed(other.innerText).includes(words));
      if (one || !part) return one;
    }
    return null;
  };
  const label_of = (field) => squeezed((field.labels?.[0]?.querySelector("span") ?? field.labels?.[0])?.innerText);
  const field = (label) => {
    const fields = [...document.querySelectorAll("input, select, textarea")].filter((one) => one.type !== "hidden");
    return fields.find((one) => label_of(one) === label) ?? fields.find((one) => label_of(one).startsWith(label)) ?? null;
  };

  let moved = 0;

  return {
    field,
    squeezed,
    is_seen,
    all,
    label_of,
    // What stands now is the page before.
    mark: () => document.querySelector("main")?.setAttribute("data-before", ""),
    arrived: () => {
      const main = document.querySelector("main");
      return document.readyState === "complete" && main && !main.hasAttribute("data-before") ? true : null;
    },
    says: (words) => (squeezed(document.body?.innerText).includes(words) ? true : null),
    place: (words, part) => {
      const one = action(words, part);
      if (!one) return null;
      one.scrollIntoView({ block: "center" });
      const box = one.getBoundingClientRect();
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      const there = document.elementFromPoint(x, y);
      return there && (one === there || one.contains(there)) ? { x, y } : null;
    },
    edge: (label) => {
      const one = field(label);
      if (!one) return null;
      one.scrollIntoView({ block: "center" });
      const box = one.getBoundingClientRect();
      return { x: box.right - 6, y: box.bottom - 6 };
    },
    watch_the_bar: () => {
      const bar = document.querySelector("progress");
      if (!bar) return null;
      new MutationObserver(() => (moved = Math.max(moved, bar.hidden ? 0 : bar.value))).observe(bar, { attributes: true });
      return true;
    },
    bar_moved: () => moved,
    focus: (label) => {
      const one = field(label);
      if (!one) return null;
      one.focus();
      const typed = one.tagName === "TEXTAREA" || one.type === "text" || one.type === "password";
      if (typed) one.select();
      return typed ? "text" : "chosen";
    },
    choose: (label, value) => {
      const one = field(label);
      const option = [...(one.options ?? [])].find((option) => option.value === value || squeezed(option.text).startsWith(value));
      if (one.options && !option) return null;
      one.value = option ? option.value : value;
      one.dispatchEvent(new Event("change", { bubbles: true }));
      return true;
    },
    tick: (label) => {
      const one = field(label);
      if (!one) return null;
      if (!one.checked) one.click();
      return true;
    },
    fetched: async (path) => {
      const bytes = new Uint8Array(await (await fetch(path)).arrayBuffer());
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    },
  };
})();
