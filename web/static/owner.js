// What an owner may do: invite and take back, carry everything home, have it forgotten.

const ROLES = { viewer: "may look", hugger: "may look and hug back", owner: "may do everything" };
const ANSWER_MS = 5_000;
const LATE = "There was no answer: is everything still running?";

const at = (id) => document.getElementById(id);

export class Owner {
  #socket;
  #origin = "";

  constructor(socket) {
    this.#socket = socket;
    socket.on("me", (me) => this.#meet(me));
    at("guest-form").addEventListener("submit", (event) => this.#invite(event));
    at("guest-copy").addEventListener("click", () => this.#copy());
    at("forget").addEventListener("click", () => this.#ask(true));
    at("forget-no").addEventListener("click", () => this.#ask(false));
    at("forget-yes").addEventListener("click", () => this.#forget());
  }

  #meet(me) {
    at("owner").hidden = me.role !== "owner";
    if (me.role === "owner") this.#say("guests", {}, (told) => this.#list(told));
  }

  // Ask something; `then` gets the answer unless it says what is wrong.
  #say(event, said, then) {
    this.#socket.timeout(ANSWER_MS).emit(event, said, (late, reply) => {
      at("owner-answer").textContent = late ? LATE : (reply.error ?? "");
      if (!late && !reply.error) then(reply);
    });
  }

  #list(told) {
    this.#origin = told.origin ?? this.#origin;
    at("guests").hidden = !this.#origin;
    at("owner-title").textContent = this.#origin ? "Guests and what is kept" : "What is kept";
    const now = Date.now();
    const here = told.guests.filter((guest) => !guest.ended_ms && guest.expires_ms > now);
    at("guest-list").replaceChildren(...here.map((guest) => this.#item(guest)));
  }

  #item(guest) {
    const item = document.createElement("li");
    const who = document.createElement("b");
    who.textContent = guest.name;
    const until = new Date(guest.expires_ms).toLocaleDateString([], { day: "numeric", month: "long", year: "numeric" });
    const what = document.createElement("span");
    what.append(who, ` ${ROLES[guest.role] ?? guest.role} until ${until}`);
    const back = document.createElement("button");
    back.type = "button";
    back.textContent = "take back";
    back.setAttribute("aria-label", `take ${guest.name}'s invitation back`);
    back.addEventListener("click", () => this.#say("revoke", { guest: guest.guest }, (told) => this.#list(told)));
    item.append(what, back);
    return item;
  }

  #invite(event) {
    event.preventDefault();
    const asked = { name: at("guest-name").value, role: at("guest-role").value, days: Number(at("guest-days").value) };
    this.#say("invite", asked, (told) => {
      this.#list(told);
      at("guest-whom").textContent = asked.name;
      at("guest-address").value = `${this.#origin}/?key=${told.key}`;
      at("guest-link").hidden = false;
      at("guest-form").reset();
    });
  }

  async #copy() {
    at("guest-address").select();
    await navigator.clipboard?.writeText(at("guest-address").value).catch(() => null);
    at("guest-copy").textContent = "copied";
  }

  #ask(sure) {
    at("forget-sure").hidden = !sure;
    at("forget").hidden = sure;
  }

  #forget() {
    this.#ask(false);
    this.#say("forget", {}, () => {
      at("owner-answer").textContent = "It is being forgotten.";
    });
  }
}
