// Turns the animated <img> of a stepper into the picture itself with ◀ slider ▶.
// Everything it needs is in the SVG: data-from (shown from that step on), data-at (shown in that step only).
(() => {
  for (const box of document.querySelectorAll(".bl-stepper:not([data-ready])")) {
    const img = box.querySelector("img");
    if (!img) continue;
    box.dataset.ready = "1";
    const bytes = Uint8Array.from(atob(img.src.split(",")[1]), (c) => c.charCodeAt(0));
    const parsed = new DOMParser().parseFromString(new TextDecoder().decode(bytes), "image/svg+xml");
    const svg = document.importNode(parsed.documentElement, true);
    svg.classList.remove("play");
    // An image knows whether the page around it is dark; what is part of the page has to ask the page.
    if (document.querySelector("[data-jp-theme-light],[data-theme]"))
      for (const style of [svg.querySelector("style"), box.nextElementSibling])
        style.textContent = style.textContent.replaceAll(
          "@media (prefers-color-scheme:dark)", ':is([data-jp-theme-light="false"],[data-theme="dark"])');
    const [, , width] = svg.getAttribute("viewBox").split(" ");
    svg.setAttribute("viewBox", `0 0 ${width} ${svg.dataset.height}`);
    svg.setAttribute("height", svg.dataset.height);
    svg.querySelector(".page").style.stroke = "none";
    svg.style.cssText = img.style.cssText + ";display:block";
    const said = [...svg.querySelectorAll(".said")].map((g) => g.getAttribute("aria-label"));
    svg.querySelectorAll(".said").forEach((g) => g.remove());
    const view = document.createElement("div");
    view.className = "bl-view";
    view.tabIndex = 0; // so that the keyboard can scroll it
    view.append(svg);
    img.replaceWith(view);

    const make = (tag, attributes, text) => {
      const element = document.createElement(tag);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      if (text) element.textContent = text;
      return element;
    };
    const bar = make("div", { class: "bl-bar" });
    const back = make("button", { type: "button", "aria-label": "previous step" }, "◀");
    const slider = make("input", { type: "range", min: 1, max: said.length, step: 1, "aria-label": "step" });
    const next = make("button", { type: "button", "aria-label": "next step" }, "▶");
    const count = make("span", { class: "bl-count" });
    const sentence = make("p", { class: "bl-said", "aria-live": "polite" });
    bar.append(back, slider, next, count);
    box.append(bar, sentence);

    // A picture larger than the view is scrolled to the gate whose turn it is.
    const follow = (gate) => {
      if (!gate) return;
      const [g, v] = [gate.getBoundingClientRect(), view.getBoundingClientRect()];
      if (g.top < v.top || g.bottom > v.bottom) view.scrollTop += (g.top + g.bottom - v.top - v.bottom) / 2;
      if (g.left < v.left || g.right > v.right) view.scrollLeft += (g.left + g.right - v.left - v.right) / 2;
    };
    const show = (step) => {
      slider.value = step = Math.min(said.length, Math.max(1, step));
      for (const part of svg.querySelectorAll("[data-from]"))
        part.style.opacity = +part.dataset.from <= step ? 1 : 0;
      for (const part of svg.querySelectorAll("[data-at]")) part.style.opacity = +part.dataset.at === step ? 1 : 0;
      count.textContent = `${step} / ${said.length}`;
      sentence.textContent = said[step - 1];
      slider.setAttribute("aria-valuetext", said[step - 1]);
      follow(svg.querySelector(`.ring[data-at="${step}"]`));
      back.disabled = step === 1;
      next.disabled = step === said.length;
    };
    back.onclick = () => show(+slider.value - 1);
    next.onclick = () => show(+slider.value + 1);
    slider.oninput = () => show(+slider.value);
    box.tabIndex = 0;
    box.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1, Home: -1e6, End: 1e6 }[event.key];
      if (!by || (event.target === view && view.scrollWidth > view.clientWidth)) return;
      show(+slider.value + by);
      event.preventDefault();
      event.stopPropagation();
    });
    show(1);
  }
})();
