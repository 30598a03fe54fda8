// The health panel: facts of the shown pillow, what stalls, and the end of the console.

import { clock, spoken } from "./words.js";

const FACTS = [
  ["link", "Link", (facts) => ({ usb: "USB", wifi: "Wi-Fi", virtual: "virtual" })[facts.link] ?? "none"],
  ["version", "Firmware", (facts) => facts.version || "unknown"],
  ["missed", "Missed samples", (facts) => String(facts.missed)],
  ["garbled", "Garbled lines", (facts) => String(facts.garbled)],
  ["free", "Free memory", (facts) => (facts.free ? `${Math.round(facts.free / 1024)} kB` : "unknown")],
  ["boot", "Starts", (facts) => (facts.cause ? `${facts.boot}, last by ${facts.cause}` : String(facts.boot))],
];

export class Health {
  #shown = null;

  constructor(facts, console, trouble) {
    Object.assign(this, { facts, console, trouble });
  }

  show(health, pillow) {
    if (this.#shown?.health === health && this.#shown.pillow === pillow) return; // whoever selects text may keep it
    this.#shown = { health, pillow };
    const found = health.pillows.find((facts) => facts.id === pillow);
    this.facts.replaceChildren(...(found ? FACTS.flatMap((fact) => entry(fact, found)) : []));
    const lines = health.console.map((line) => `${clock(line.at)} ${line.source}  ${line.text}`);
    const stays = this.console.scrollTop + this.console.clientHeight >= this.console.scrollHeight - 4;
    this.console.textContent = lines.join("\n") || "nothing was said";
    if (stays) this.console.scrollTop = this.console.scrollHeight;
    this.trouble.replaceChildren(...health.troubles.map((trouble) => line(trouble.sentence))); // each its own line
    this.trouble.hidden = health.troubles.length === 0;
  }
}

function line(sentence) {
  const said = document.createElement("p");
  said.textContent = spoken(sentence);
  return said;
}

function entry([name, label, text], facts) {
  const term = document.createElement("dt");
  const said = document.createElement("dd");
  term.textContent = label;
  said.textContent = text(facts);
  said.dataset.fact = name;
  return [term, said];
}
