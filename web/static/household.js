// Whose pillow it is: adopting the one that is plugged in, and showing it the way home over Wi-Fi. Its law: a password
// is in its field until it is sent, and then nowhere on this page.

const LOOK_MS = 2_500; // how often the bridge is asked how a plugged-in pillow stands
const WAIT_MS = 700; // ... while something is being done
const ANSWER_MS = 5_000;
const LATE = "The bridge did not answer: is it still running?";
const OTHER = ""; // the choice of a network that is not in the list
const STRONG = [-55, "strong"];
const FAIR = [-72, "fair"];

// What the pillow says, and what that means to a person.
const WHY = {
  "no such network": "The pillow does not see this network: bring it nearer to the access point, and mind that it knows 2.4 GHz alone.",
  "wrong password": "The password is wrong: enter it again.",
  "no address": "The network gave the pillow no address: restart the access point and try again.",
  "bridge not reachable": "The pillow is on the network but cannot reach this computer: put both on one network, and open the bridge’s port in this computer’s firewall.",
};

const at = (id) => document.getElementById(id);
const inBase64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const inWords = (base64) => new TextDecoder().decode(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));

export class Household {
  #socket;
  #pillow = null;
  #wish = null; // under way: its number, and what is done when it worked
  #looked = 0;
  #asking = false;

  constructor(socket) {
    this.#socket = socket;
    at("adopt").addEventListener("click", () => this.#ask("adopt", {}, "One moment …", "It is yours."));
    at("wifi-look").addEventListener("click", () => this.#ask("networks", {}, "It looks around for networks …", ""));
    at("wifi-form").addEventListener("submit", (event) => this.#join(event));
    at("wifi-network").addEventListener("change", () => this.#choose());
  }

  // `virtual`: it has no radio, and whose it is is no question.
  show(pillow, virtual) {
    if (pillow?.id !== this.#pillow?.id) this.#forget();
    this.#pillow = pillow ?? null;
    if (!pillow || virtual || pillow.link === "virtual" || (pillow.link === "wifi" && !this.#wish)) {
      at("household").hidden = true;
      return;
    }
    const now = Date.now();
    if (this.#asking || now - this.#looked < (this.#wish ? WAIT_MS : LOOK_MS)) return;
    this.#looked = now;
    this.#asking = true;
    const said = { pillow: pillow.id, ...(this.#wish ? { wish: this.#wish.number } : {}) };
    this.#socket.timeout(ANSWER_MS).emit("household", said, (late, told) => {
      this.#asking = false;
      if (!late && !told.error && told.pillow === this.#pillow?.id) this.#tell(told);
    });
  }

  #forget() {
    this.#wish = null;
    this.#looked = 0;
    at("household").hidden = at("wifi-form").hidden = true;
    at("wifi-password").value = "";
    this.#answer("");
  }

  #tell(told) {
    const plugged = this.#pillow.link === "usb";
    const strange = told.key === "none" || told.key === "lost";
    at("household").hidden = !(plugged || told.key === "lost" || this.#wish);
    at("adopt-box").hidden = !strange;
    at("wifi-box").hidden = !plugged;
    this.#place(at(strange ? "wishes" : "health"));
    if (this.#wish && told.outcome) this.#ended(told);
    for (const button of at("household").querySelectorAll("button")) button.disabled = Boolean(this.#wish);
  }

  // Whose it is comes before everything; the rest is for some quiet hour.
  #place(next) {
    if (at("household").nextElementSibling !== next) next.before(at("household"));
  }

  #ended(told) {
    const { done, then } = this.#wish;
    this.#wish = null;
    if (told.outcome !== "applied") {
      this.#answer(WHY[told.why] ?? `That did not happen: ${told.why || told.outcome}.`);
      return;
    }
    this.#answer(done);
    if (told.kind === "networks") this.#list(told.networks);
    then?.();
  }

  #ask(event, said, meanwhile, done, then) {
    this.#answer(meanwhile);
    this.#socket.timeout(ANSWER_MS).emit(event, { pillow: this.#pillow?.id, ...said }, (late, reply) => {
      if (late || reply.error) this.#answer(late ? LATE : reply.error);
      else this.#wish = { number: reply.wish, done, then };
      this.#looked = 0;
    });
  }

  #list(networks) {
    const options = networks.map(([name, rssi, secured]) => {
      const option = document.createElement("option");
      const how = (rssi >= STRONG[0] && STRONG[1]) || (rssi >= FAIR[0] && FAIR[1]) || "weak";
      option.value = name;
      option.textContent = `${inWords(name)} (${how}${secured ? "" : ", open"})`;
      option.dataset.open = secured ? "" : "open";
      return option;
    });
    const other = document.createElement("option");
    other.value = OTHER;
    other.textContent = "another, which is hidden";
    at("wifi-network").replaceChildren(...options, other);
    at("wifi-form").hidden = false;
    this.#answer(networks.length ? "" : "It sees no network here: bring it nearer to the access point, or type the name.");
    this.#choose();
  }

  #choose() {
    const chosen = at("wifi-network").selectedOptions[0];
    for (const id of ["wifi-name", "wifi-name-label"]) at(id).hidden = chosen?.value !== OTHER;
    for (const id of ["wifi-password", "wifi-password-label"]) at(id).hidden = chosen?.dataset.open === "open";
  }

  #join(event) {
    event.preventDefault();
    const chosen = at("wifi-network").selectedOptions[0];
    const network = chosen.value === OTHER ? inBase64(at("wifi-name").value.trim()) : chosen.value;
    const password = chosen.dataset.open === "open" ? "" : at("wifi-password").value;
    at("wifi-password").value = "";
    const done = "It is on the network. Unplug it: it stays in touch.";
    this.#ask("wifi", { network, password }, "It tries the network: half a minute at most.", done, () => {
      at("wifi-form").hidden = true;
    });
  }

  #answer(words) {
    if (at("household-answer").textContent !== words) at("household-answer").textContent = words;
  }
}
