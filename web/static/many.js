// All pillows of a home, each with its face and its name. Its law: only what changed is touched, so that hundreds of
// them cost little, and those that need somebody come first.

import { known, WORDS } from "./words.js";

const MANY = 9; // more than this are shown small, and in the order of who needs somebody
const ORDER = ["sensorfault", "hugging", "punching", "shaking", "spinning", "throwing", "neutral", "sleeping", "notconnected"];
const SORT_MS = 3_000; // nothing jumps about under a finger

export class Many {
  #shown = new Map(); // id -> what its button shows, as one text
  #buttons = new Map();
  #looks = new Map(); // gesture -> a face
  #sorted = [];
  #here = new Set();
  #sortedAt = 0;

  constructor(list, face, choose) {
    Object.assign(this, { list, face, choose });
  }

  show(pillows, chosen, now) {
    this.list.hidden = pillows.length < 2;
    this.list.classList.toggle("many", pillows.length > MANY);
    for (const pillow of pillows) this.#tell(pillow, pillow.id === chosen);
    this.#arrange(pillows, now);
  }

  #tell(pillow, chosen) {
    const gesture = known(pillow.gesture);
    const told = `${gesture} ${chosen} ${pillow.name}`;
    if (this.#shown.get(pillow.id) === told) return;
    this.#shown.set(pillow.id, told);
    const button = this.#buttons.get(pillow.id) ?? this.#make(pillow.id);
    button.dataset.gesture = gesture;
    button.firstChild.replaceWith(this.#look(gesture));
    button.setAttribute("aria-pressed", chosen);
    button.setAttribute("aria-label", `${pillow.name}: ${WORDS[gesture]}`);
    button.title = button.getAttribute("aria-label");
    button.lastChild.textContent = pillow.name;
  }

  #make(id) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.pillow = id;
    button.append(document.createElement("i"), document.createElement("span"));
    button.addEventListener("click", () => this.choose(id));
    this.#buttons.set(id, button);
    return button;
  }

  // A face that has only what this gesture shows: of 200 whole ones a browser has 25,000 parts to look after.
  #look(gesture) {
    if (!this.#looks.has(gesture)) this.#looks.set(gesture, this.#cut(gesture));
    return this.#looks.get(gesture).cloneNode(true);
  }

  #cut(gesture) {
    const probe = document.createElement("div");
    const look = this.face.cloneNode(true);
    probe.dataset.gesture = gesture;
    probe.className = "probe";
    probe.append(look);
    document.body.append(probe);
    const unseen = [...look.querySelectorAll("*")].filter((part) => getComputedStyle(part).opacity === "0");
    probe.remove();
    for (const part of unseen) part.remove();
    return look;
  }

  // Put them in order, now and then; somebody new or gone is seen at once.
  #arrange(pillows, now) {
    const same = pillows.length === this.#sorted.length && pillows.every((pillow) => this.#here.has(pillow.id));
    if (same && (pillows.length <= MANY || now - this.#sortedAt < SORT_MS)) return;
    this.#sortedAt = now;
    const rank = (pillow) => (pillows.length > MANY ? ORDER.indexOf(known(pillow.gesture)) : 0);
    const order = [...pillows].sort((one, other) => rank(one) - rank(other)).map((pillow) => pillow.id);
    if (order.join() === this.#sorted.join()) return;
    this.#sorted = order;
    this.#here = new Set(order);
    this.list.replaceChildren(...order.map((id) => this.#item(id)));
    for (const id of this.#buttons.keys()) if (!this.#here.has(id)) this.#drop(id);
  }

  #item(id) {
    const item = this.#buttons.get(id).parentElement ?? document.createElement("li");
    item.append(this.#buttons.get(id));
    return item;
  }

  #drop(id) {
    this.#buttons.delete(id);
    this.#shown.delete(id);
  }
}
