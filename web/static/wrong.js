// "That was wrong": beside the newest gesture, one press keeps the last ten seconds; then the right label is chosen.

import { CALLED, LABELS } from "./lesson.js";
import { WORDS } from "./words.js";

const LATELY_MS = 60_000; // the pillow keeps ten seconds; a person needs a moment, and presses before it is over
const ANSWER_MS = 5_000;
const KEEP_MS = 20_000; // for ten seconds of samples to come

const at = (id) => document.getElementById(id);

export class Wrong {
  #socket;
  #pillow = "";
  #isOwner = false;
  #wish = 0;
  #take = 0;
  #known = new Set();

  constructor(socket) {
    this.#socket = socket;
    socket.on("me", (me) => {
      this.#isOwner = me.role === "owner";
    });
    socket.on("taught", (end) => this.#end(end));
    at("wrong-press").addEventListener("click", () => this.#press());
    at("wrong-labels").append(...LABELS.map((label) => this.#chip(label)));
  }

  // newest: the last gesture that was told, if there is one.
  show(pillow, newest, now) {
    const lately = newest && now - newest.at_ms < LATELY_MS;
    const busy = this.#wish !== 0 || this.#take !== 0;
    if (pillow?.id !== this.#pillow && !busy) this.#pillow = pillow?.id ?? "";
    at("wrong").hidden = !this.#isOwner || !pillow?.link || !(lately || busy);
  }

  #ask(said, then) {
    this.#socket.timeout(ANSWER_MS).emit("teach", { pillow: this.#pillow, ...said }, (late, reply) => {
      if (late || reply.error) this.#say(late ? "The bridge did not answer: is it still running?" : reply.error);
      else then(reply);
    });
  }

  #press() {
    at("wrong-ask").hidden = false;
    at("wrong-labels").hidden = true;
    this.#say("Keeping the last ten seconds …");
    this.#lessons((takes) => {
      this.#known = new Set(takes.map((take) => take.take));
      this.#ask({ kind: "keep-last" }, (reply) => {
        this.#wish = reply.wish;
        setTimeout(() => this.#forget(reply.wish), KEEP_MS);
      });
    });
  }

  #lessons(then) {
    this.#socket.timeout(ANSWER_MS).emit("lesson", { open: true }, (late, reply) => {
      if (late || reply.error) return this.#say("The bridge did not answer: is it still running?");
      if (!at("teach").open) this.#socket.emit("lesson", { open: false });
      return then(reply.lessons.find((lesson) => lesson.pillow === this.#pillow)?.takes ?? []);
    });
  }

  #end(end) {
    if (end.wish !== this.#wish) return;
    this.#wish = 0;
    if (end.outcome !== "applied") {
      this.#say(`That did not work: ${end.why || end.outcome}.`);
      return;
    }
    this.#lessons((takes) => {
      const made = takes.filter((take) => take.source === "wrong" && !this.#known.has(take.take)).at(-1);
      this.#take = made?.take ?? 0;
      this.#say(made ? `It said “${WORDS[made.told] ?? made.told}”. What was it?` : "It was not kept: try again.");
      at("wrong-labels").hidden = !made;
    });
  }

  #forget(wish) {
    if (this.#wish === wish) this.#wish = 0;
  }

  #choose(label) {
    this.#ask({ kind: "take", take: this.#take, label }, () => {
      this.#take = 0;
      at("wrong-labels").hidden = true;
      this.#say("Thank you: it is one of this home's examples now. Let it learn under “Teach the pillow”.");
    });
  }

  #say(words) {
    at("wrong-words").textContent = words;
  }

  #chip(label) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.dataset.label = label;
    chip.textContent = CALLED[label].name;
    chip.addEventListener("click", () => this.#choose(label));
    return chip;
  }
}
