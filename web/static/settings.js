// What an owner sets: the pillow's name, in its place above the face, and its quiet hours.

import { minutes } from "./wishes.js";

const ANSWER_MS = 5_000;
const LATE = "There was no answer: is everything still running?";

const at = (id) => document.getElementById(id);

export class Settings {
  #pillow = null;
  #owner = false;
  #hours = new Map(); // of each pillow

  constructor(socket) {
    this.socket = socket;
    socket.on("me", (me) => {
      this.#owner = me.role === "owner";
      this.show(this.#pillow);
    });
    socket.on("wishes", (told) => {
      this.#hours = new Map(told.pillows.map(({ id, quiet }) => [id, quiet]));
      this.show(this.#pillow);
    });
    at("rename").addEventListener("click", () => this.#rename(true));
    at("rename-no").addEventListener("click", () => this.#rename(false));
    at("rename-form").addEventListener("keydown", (event) => event.key === "Escape" && this.#rename(false));
    at("rename-form").addEventListener("submit", (event) => this.#name(event));
    at("quiet-form").addEventListener("submit", (event) => this.#quiet(event));
    at("quiet-none").addEventListener("click", () => this.#wish("quiet", { from: null, to: null }));
  }

  show(pillow) {
    if (pillow?.id !== this.#pillow?.id) this.#rename(false, pillow);
    this.#pillow = pillow ?? null;
    const may = this.#owner && this.#pillow !== null;
    at("rename").hidden = !may || !at("rename-form").hidden;
    at("quiet").hidden = !may;
    const hours = this.#hours.get(this.#pillow?.id);
    const words = hours ? `${minutes(hours.from)} to ${minutes(hours.to)}` : "none";
    if (at("quiet-now").textContent !== words) at("quiet-now").textContent = words;
  }

  #rename(on) {
    const was = !at("rename-form").hidden;
    at("rename-form").hidden = !on;
    at("name").hidden = on;
    at("rename").hidden = on || !this.#owner;
    if (on) {
      at("rename-to").value = this.#pillow.name;
      at("rename-to").select();
    } else if (was) at("rename").focus();
  }

  #name(event) {
    event.preventDefault();
    this.#rename(false);
    this.#wish("name", { name: at("rename-to").value });
  }

  #quiet(event) {
    event.preventDefault();
    const [from, to] = ["quiet-from", "quiet-to"].map((id) => {
      const [hour, minute] = at(id).value.split(":").map(Number);
      return hour * 60 + minute;
    });
    this.#wish("quiet", { from, to });
  }

  #wish(kind, body) {
    this.socket.timeout(ANSWER_MS).emit("wish", { kind, pillow: this.#pillow.id, body }, (late, reply) => {
      at("wish-answer").textContent = late ? LATE : (reply.error ?? "");
    });
  }
}
