// "While you were away": what came in while nobody looked, and the row up to which somebody has looked.

import { count, inWords } from "./words.js";

const SEEN = "cloud.seen"; // in the browser's storage: the newest row that was on a visible page,
const LAST = "cloud.last"; // and which report that was: another machine has other numbers for its rows

export class Away {
  #missed = [];
  #lost = 0;
  #strayed = 0;
  #trimmed = false;

  constructor(box, words, close) {
    this.box = box;
    this.words = words;
    close.addEventListener("click", () => this.#clear());
  }

  // The row to ask from: null when this browser has never looked.
  static seen() {
    const row = Number.parseInt(localStorage.getItem(SEEN) ?? "", 10);
    return Number.isSafeInteger(row) && row >= 0 ? row : null;
  }

  static last() {
    return localStorage.getItem(LAST);
  }

  static look(row, last) {
    if (row === null || document.hidden) return;
    localStorage.setItem(SEEN, row);
    if (last) localStorage.setItem(LAST, last);
    else localStorage.removeItem(LAST);
  }

  add(reports) {
    for (const report of reports) {
      if (report.gesture !== "gap") continue;
      const count = report.seq - report.first + 1 + report.older;
      if (report.why === "queue") this.#strayed += count;
      else this.#lost += count;
    }
    this.#missed.push(...reports.filter((report) => report.gesture !== "gap"));
    this.#show();
  }

  trim() {
    this.#trimmed = true;
    this.#show();
  }

  #show() {
    const what = inWords(count(this.#missed));
    const said = [];
    if (what) said.push(`While you were away: ${what}.`);
    if (this.#lost) said.push(`The pillow had to forget ${this.#lost} ${this.#lost === 1 ? "report" : "reports"}: its memory was full.`);
    if (this.#strayed) said.push(`${this.#strayed} ${this.#strayed === 1 ? "report" : "reports"} did not come through the cloud.`);
    if (this.#trimmed) said.push("What happened longer ago is no longer kept.");
    this.words.textContent = said.join(" ");
    this.box.hidden = said.length === 0;
  }

  #clear() {
    this.#missed = [];
    this.#lost = 0;
    this.#strayed = 0;
    this.#trimmed = false;
    this.#show();
  }
}
