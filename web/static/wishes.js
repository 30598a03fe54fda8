// Hugging back and lighting up, what became of it, and the light that the pillow shows because of it.
//
// Its law: what is shown is what `wishes` says; a wish glows here only after the pillow said that it does.

import { clock, when } from "./words.js";

const ANSWER_MS = 5_000;
const LATE = "There was no answer: is everything still running?";
const HUG_MS = 12_000; // as kinds.py has it
const SHOWN = 5; // a list to look at, not to read
const OWED_MS = 1_000; // a button is not pressed twice by the same finger
const ROLES = ["viewer", "hugger", "owner"];
const WHO = { home: "Somebody at home", away: "Somebody far away", "command line": "Somebody at home" };
const FROM = { home: "home", away: "far away", "command line": "home" };
const EFFECTS = { glow: "a glow", breathe: "a slow breath of light", hug: "a heartbeat of light", off: "darkness" };

const at = (id) => document.getElementById(id);
const face = at("face");

export class Wishes {
  #told = { now_ms: 0, pillows: [] };
  #skew = 0; // what the server's clock is ahead of this one, in ms
  #role = "";
  #pillow = null;
  #drawn = "";

  constructor(socket) {
    this.socket = socket;
    socket.on("me", (me) => {
      this.#role = me.role;
      this.#draw();
    });
    socket.on("wishes", (told) => {
      this.#told = told;
      this.#skew = told.now_ms - Date.now();
      this.#draw();
    });
    at("hug-form").addEventListener("submit", (event) => this.#hug(event));
    at("light-form").addEventListener("submit", (event) => this.#light(event));
    at("dark").addEventListener("click", () => this.#wish("light", { effect: "off" }, at("dark")));
    at("hug-form").addEventListener("change", (event) => this.#colour(event.target));
    at("mixed").addEventListener("click", (event) => this.#colour(event.target));
    this.#colour(at("hug-form").elements.colour[0]);
  }

  show(pillow) {
    this.#pillow = pillow ?? null;
    this.#draw();
  }

  // -- Wishing -----------------------------------------------------------------------------------------------

  #colour(chosen) {
    if (chosen.id === "mixed") for (const swatch of at("hug-form").elements.colour) swatch.checked = false;
    at("mixed").parentElement.classList.toggle("chosen", chosen.id === "mixed");
    at("wishes").style.setProperty("--wish", this.#chosen());
  }

  #chosen() {
    return at("hug-form").elements.colour.value || at("mixed").value;
  }

  #hug(event) {
    event.preventDefault();
    this.#wish("hug", { colour: this.#chosen() }, event.submitter);
  }

  #light(event) {
    event.preventDefault();
    const { effect, percent, seconds } = Object.fromEntries(new FormData(event.target));
    const body = { effect, colour: this.#chosen(), percent: Number(percent), seconds: Number(seconds) };
    this.#wish("light", body, event.submitter);
  }

  #wish(kind, body, button) {
    if (!this.#pillow) return;
    if (button) {
      button.disabled = true;
      setTimeout(() => (button.disabled = false), OWED_MS);
    }
    this.socket.timeout(ANSWER_MS).emit("wish", { kind, pillow: this.#pillow.id, body }, (late, reply) => {
      at("wish-answer").textContent = late ? LATE : (reply.error ?? "");
    });
  }

  // -- Showing -----------------------------------------------------------------------------------------------

  #draw() {
    const about = this.#told.pillows.find((known) => known.id === this.#pillow?.id);
    const rank = ROLES.indexOf(this.#role);
    at("wishes").hidden = !this.#pillow || (rank < 1 && !about?.wishes.length);
    at("hug-form").hidden = at("light").hidden = rank < 1;
    this.#list((about?.wishes ?? []).slice(0, SHOWN));
    this.#glow(about?.wishes ?? []);
  }

  #list(wishes) {
    const rows = wishes.map((wish) => [wish.wish, said(wish), ending(wish, this.#pillow, this.#now()), wish.outcome, wish.body.colour]);
    const drawn = JSON.stringify(rows);
    if (drawn === this.#drawn) return; // whoever reads it may go on
    this.#drawn = drawn;
    at("wish-list").replaceChildren(...rows.map(item));
  }

  #now() {
    return Date.now() + this.#skew;
  }

  #glow(wishes) {
    const now = this.#now();
    const last = wishes.find((wish) => wish.outcome === "applied" && (wish.kind === "hug" || wish.kind === "light"));
    const shines = last && this.#pillow.link && last.body.effect !== "off" && now < last.ended_ms + lasting(last);
    const effect = !shines ? "" : last.kind === "hug" ? "hug" : last.body.effect;
    if (face.dataset.light !== effect) face.dataset.light = effect;
    if (shines) face.style.setProperty("--light", last.body.colour);
    const words = shines && last.kind === "hug" ? `a hug from ${Object.hasOwn(FROM, last.who) ? FROM[last.who] : last.who}` : "";
    if (at("hugged").textContent !== words) at("hugged").textContent = words;
  }
}

function lasting(wish) {
  return wish.kind === "hug" ? HUG_MS : wish.body.seconds * 1000;
}

// -- In words ------------------------------------------------------------------------------------------------

function said({ kind, body, ...wish }) {
  const who = Object.hasOwn(WHO, wish.who) ? WHO[wish.who] : wish.who;
  switch (kind) {
    case "hug":
      return `${who} sent a hug`;
    case "light":
      return `${who} asked for ${EFFECTS[body.effect]}`;
    case "quiet":
      return body.from === null ? `${who} ended the quiet hours` : `${who} set quiet hours, ${minutes(body.from)} to ${minutes(body.to)}`;
    default:
      return `${who} named it ${body.name}`;
  }
}

function ending(wish, pillow, now) {
  switch (wish.outcome) {
    case "applied":
      return when(wish.ended_ms, now);
    case "superseded":
      return "a newer one took its place";
    case "refused":
      return `not done: ${wish.why}`;
    case "expired":
      return `too late: ${wish.why}`;
    default:
      if (now > wish.expires_ms) return "no word from home yet";
      return pillow?.link && pillow.gesture !== "sleeping" ? "waits its turn" : "waits until it wakes";
  }
}

export function minutes(minute) {
  const midnight = new Date(2026, 0, 1);
  return clock(midnight.getTime() + minute * 60_000);
}

function item([number, words, end, outcome, colour]) {
  const row = document.createElement("li");
  row.dataset.wish = number;
  row.dataset.outcome = outcome || "waiting";
  row.style.setProperty("--wish", colour ?? "var(--calm)");
  const what = document.createElement("span");
  what.textContent = words;
  const how = document.createElement("span");
  how.className = "how";
  how.textContent = end;
  row.append(what, how);
  return row;
}
