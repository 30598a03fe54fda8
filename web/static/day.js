// The day: what happened today, kept in order, and drawn as a strip.

import { COUNTED, clock, count, endOfDay, inWords, known, lasting, startOfDay, WORDS } from "./words.js";

const REPORTS_MOST = 6_000; // a day of constant play; what is older has scrolled out of any use
const THINNEST_MS = 8 * 60_000; // a punch lasts half a second and must still be seen, on a telephone too
const REDRAW_MS = 20_000; // a day is 1440 minutes wide: its hand has not moved a pixel by then
const SVG = "http://www.w3.org/2000/svg";

export class Day {
  #drawn = "";

  constructor(now) {
    this.start = startOfDay(now);
    this.end = endOfDay(now);
    this.reports = new Map(); // row -> report
    this.presence = [];
  }

  isOver(now) {
    return now >= this.end;
  }

  add(reports) {
    for (const report of reports) {
      if (report.at_ms >= this.start && report.at_ms < this.end) this.reports.set(report.row, report);
    }
    for (const row of this.reports.keys()) {
      if (this.reports.size <= REPORTS_MOST) break;
      this.reports.delete(row);
    }
  }

  // Keep the comings and goings between two states.
  pass(before, after) {
    for (const { id, link, since } of after) {
      const old = before.find((pillow) => pillow.id === id);
      if (old && (old.link === "") !== (link === "")) this.presence.push({ pillow: id, at_ms: since, here: link === "" ? 0 : 1 });
    }
  }

  of(pillow) {
    return [...this.reports.values()]
      .filter((report) => report.pillow === pillow)
      .sort((one, other) => one.at_ms - other.at_ms || one.row - other.row);
  }

  last(pillow) {
    return this.of(pillow).findLast((report) => Object.hasOwn(COUNTED, report.gesture));
  }

  // What the pillow was from when to when: its reports, and its comings and goings between them.
  spans(pillow, now) {
    const events = [
      ...this.of(pillow).filter((report) => report.gesture !== "gap").map((report) => ({ at: report.at_ms, gesture: known(report.gesture) })),
      ...this.presence.filter((passing) => passing.pillow === pillow).map((passing) => ({ at: passing.at_ms, here: passing.here })),
    ].sort((one, other) => one.at - other.at);
    const spans = [];
    for (const event of events) {
      const before = spans.at(-1);
      if (event.here && before && before.gesture !== "notconnected") continue;
      const gesture = event.gesture ?? (event.here ? "neutral" : "notconnected");
      if (before) before.end = event.at;
      spans.push({ gesture, start: event.at, end: Math.min(now, this.end) });
    }
    return spans;
  }

  draw(strip, counts, pillow, now) {
    const sight = [pillow, this.start, this.reports.size, this.presence.length, Math.floor(now / REDRAW_MS)].join();
    if (sight === this.#drawn) return;
    this.#drawn = sight;
    const spans = this.spans(pillow, now);
    const calm = spans.filter((span) => !Object.hasOwn(COUNTED, span.gesture));
    const played = spans.filter((span) => Object.hasOwn(COUNTED, span.gesture));
    strip.replaceChildren(...[...calm, ...played].map((span) => this.#bar(span)), this.#hand(now));
    const told = count(this.of(pillow));
    strip.setAttribute("aria-label", inWords(told) ? `today: ${inWords(told)}` : "nothing yet today");
    counts.replaceChildren(...Object.keys(told).map((gesture) => chip(gesture, told)));
    if (!counts.hasChildNodes()) counts.textContent = "Nothing yet: it would like a hug.";
  }

  #bar(span) {
    const bar = document.createElementNS(SVG, "rect");
    const wide = Object.hasOwn(COUNTED, span.gesture) ? Math.max(THINNEST_MS, span.end - span.start) : span.end - span.start;
    bar.setAttribute("data-is", span.gesture);
    bar.setAttribute("x", this.#minutes(span.start));
    bar.setAttribute("width", Math.max(0, wide) / (this.end - this.start) * 1440);
    bar.setAttribute("height", 40);
    const title = document.createElementNS(SVG, "title");
    title.textContent = `${WORDS[span.gesture]} at ${clock(span.start)}, for ${lasting(span.end - span.start)}`;
    bar.append(title);
    return bar;
  }

  #hand(now) {
    const hand = document.createElementNS(SVG, "rect");
    hand.setAttribute("class", "hand");
    hand.setAttribute("x", this.#minutes(now) - 2);
    hand.setAttribute("width", 4);
    hand.setAttribute("height", 40);
    return hand;
  }

  #minutes(at) {
    return (at - this.start) / (this.end - this.start) * 1440;
  }
}

function chip(gesture, told) {
  const span = document.createElement("span");
  span.dataset.is = gesture;
  span.textContent = inWords({ [gesture]: told[gesture] });
  return span;
}
