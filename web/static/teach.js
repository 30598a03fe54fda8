// The card "Teach the pillow": count in, record, learn, use. Its law: it shows what the bridge says that it has, and a
// person can stop anything at any moment.

import { CALLED, canLearn, canUse, COUNT_S, doubts, GESTURES, isNew, LABELS, marks, REST_S, standing, takesOf, TIMES } from "./lesson.js";
import { Waves } from "./waves.js";

const ANSWER_MS = 5_000;
const PAUSE_MS = 1_600; // between two takes
const FINISH_MS = 6_000; // for the last samples to be written
const LATE = "The bridge did not answer: is it still running?";

const at = (id) => document.getElementById(id);

export class Teach {
  #socket;
  #lessons = new Map(); // pillow -> lesson
  #pillow = "";
  #label = GESTURES[0];
  #phase = "idle"; // asked, count, now, rest, saving, pause
  #began = 0; // when the first sample of this take came
  #timer = 0;
  #take = 0;
  #floors = {};
  #dirty = false; // a slider was moved
  #busy = ""; // what is under way besides a recording

  constructor(socket) {
    this.#socket = socket;
    this.waves = new Waves(at("teach-waves"));
    socket.on("me", (me) => this.#meet(me));
    socket.on("lesson", (lesson) => this.#learn(lesson));
    socket.on("waves", (told) => this.#feel(told));
    socket.on("taught", (end) => this.#end(end));
    socket.on("disconnect", () => this.#break("This page has lost its bridge: the recording is broken off."));
    at("teach").addEventListener("toggle", () => this.#open());
    at("teach-labels").append(...LABELS.map((label) => this.#chip(label)));
    at("teach-floors").append(...GESTURES.map((label) => this.#slider(label)));
    at("teach-start").addEventListener("click", () => this.#start());
    at("teach-stop").addEventListener("click", () => this.#stop());
    at("teach-learn").addEventListener("click", () => this.#do("teach"));
    at("teach-use").addEventListener("click", () => this.#use());
    at("teach-back").addEventListener("click", () => this.#do("model-back"));
  }

  // Whose card it is; called whenever the page shows something anew.
  show(pillow) {
    if ((pillow?.id ?? "") === this.#pillow) return;
    if (this.#pillow) this.#break("");
    this.#pillow = pillow?.id ?? "";
    this.#dirty = false;
    this.#draw();
  }

  get #lesson() {
    return this.#lessons.get(this.#pillow) ?? null;
  }

  #meet(me) {
    at("teach").hidden = me.role !== "owner";
    if (at("teach").open) this.#open();
  }

  #open() {
    this.#socket.timeout(ANSWER_MS).emit("lesson", { open: at("teach").open }, (late, reply) => {
      for (const lesson of reply?.lessons ?? []) this.#lessons.set(lesson.pillow, lesson);
      this.#draw();
    });
  }

  #learn(lesson) {
    this.#lessons.set(lesson.pillow, lesson);
    if (lesson.pillow === this.#pillow) this.#draw();
  }

  // -- Asking ------------------------------------------------------------------------------------------------

  #ask(said, then = () => {}) {
    this.#say("");
    this.#socket.timeout(ANSWER_MS).emit("teach", { pillow: this.#pillow, ...said }, (late, reply) => {
      const wrong = late ? LATE : reply.error;
      if (wrong) this.#fail(wrong);
      else then(reply);
    });
  }

  #do(kind, more = {}) {
    this.#busy = kind;
    this.#draw();
    this.#ask({ kind, ...more });
  }

  #use() {
    this.#do("model", { learned: isNew(this.#lesson), floors: this.#floors });
  }

  #end(end) {
    if (end.kind === this.#busy) this.#busy = "";
    if (end.kind === "model" && end.outcome === "applied") this.#dirty = false;
    if (end.kind === "record" && this.#phase === "idle") this.#draw(); // it was stopped here, or its trouble is told
    else if (end.outcome !== "applied") this.#fail(`That did not work: ${end.why || end.outcome}.`);
    else if (end.kind === "record" && this.#phase !== "idle") this.#saved();
    this.#draw();
  }

  #fail(words) {
    this.#busy = "";
    this.#break(words);
  }

  #say(words) {
    at("teach-answer").textContent = words;
  }

  // -- Recording ---------------------------------------------------------------------------------------------

  #start() {
    this.#go("asked");
    this.waves.clear();
    const { seconds } = CALLED[this.#label];
    this.#ask({ kind: "record", label: this.#label, seconds: COUNT_S + seconds + REST_S });
    this.#later(ANSWER_MS + FINISH_MS, () => this.#break("The pillow sends nothing: plug it in, then try again."));
  }

  #feel(told) {
    if (told.pillow !== this.#pillow) return;
    this.waves.add(told.first, told.samples);
    if (this.#phase !== "asked" || !told.samples.length) return;
    const { seconds } = CALLED[this.#label];
    this.#take = told.take;
    this.#began = performance.now() - 10 * (told.first + told.samples.length);
    this.waves.mark(100 * COUNT_S, 100 * (COUNT_S + seconds));
    this.#tick();
  }

  // Where in the take it is: counting in, now, or over.
  #tick() {
    const { seconds, ask } = CALLED[this.#label];
    const past = (performance.now() - this.#began) / 1000;
    const whole = COUNT_S + seconds + REST_S;
    at("teach-bar").style.inlineSize = `${Math.min(100, (100 * past) / whole)}%`;
    if (past < COUNT_S) this.#go("count", String(Math.ceil(COUNT_S - past)));
    else if (past < COUNT_S + seconds) this.#go("now", ask);
    else if (past < whole) this.#go("rest", "and let go");
    else {
      this.#go("saving", "…");
      this.#later(FINISH_MS, () => this.#break("The recording did not arrive: try again."));
      return;
    }
    this.#later(50, () => this.#tick());
  }

  #saved() {
    const more = this.#lesson && takesOf(this.#lesson, this.#label).good.length < TIMES;
    this.#go("pause", "good");
    this.#later(PAUSE_MS, () => {
      if (more && takesOf(this.#lesson, this.#label).good.length < TIMES) this.#start();
      else this.#break("");
    });
  }

  #stop() {
    const isRecording = !["idle", "pause"].includes(this.#phase);
    this.#break("");
    if (isRecording) this.#ask({ kind: "record", stop: true });
  }

  #break(words) {
    this.#later(0, () => {});
    this.#go("idle");
    at("teach-bar").style.inlineSize = "0";
    if (words) this.#say(words);
    this.#draw();
  }

  #go(phase, words = "") {
    at("teach-count").textContent = words;
    if (phase === this.#phase) return;
    this.#phase = phase;
    at("teach").dataset.phase = phase;
    at("teach-start").hidden = phase !== "idle";
    at("teach-stop").hidden = phase === "idle";
  }

  #later(ms, then) {
    clearTimeout(this.#timer);
    this.#timer = ms ? setTimeout(then, ms) : 0;
  }

  // -- What is shown -----------------------------------------------------------------------------------------

  #draw() {
    const lesson = this.#lesson;
    if (!lesson) return;
    at("teach").dataset.label = this.#label;
    for (const chip of at("teach-labels").children) this.#drawChip(chip, lesson);
    const { good, bad } = takesOf(lesson, this.#label);
    const { name, again } = CALLED[this.#label];
    at("teach-start").textContent = good.length >= TIMES ? again : good.length ? `go on: ${TIMES - good.length} more` : `show it a ${name}`.replace("a nothing", "everyday life");
    at("teach-start").disabled = !lesson.here;
    at("teach-takes").replaceChildren(...good.map((take, index) => this.#item(take, index)), ...(bad ? [trouble(bad)] : []));
    this.#drawStudy(lesson);
  }

  #drawChip(chip, lesson) {
    const { label } = chip.dataset;
    const count = takesOf(lesson, label).good.length;
    chip.setAttribute("aria-checked", label === this.#label);
    chip.disabled = this.#phase !== "idle";
    [...chip.lastChild.children].forEach((dot, index) => dot.toggleAttribute("data-full", index < count));
    chip.setAttribute("aria-label", `${CALLED[label].name}: ${count} of ${TIMES}`);
  }

  #drawStudy(lesson) {
    const { study } = lesson;
    const learning = study.state === "learning";
    at("teach-learn").disabled = learning || this.#busy !== "" || !canLearn(lesson);
    at("teach-progress").hidden = !learning;
    if (study.of) at("teach-progress").value = study.done / study.of;
    else at("teach-progress").removeAttribute("value");
    const rows = marks(lesson);
    at("teach-table").hidden = rows.length === 0;
    at("teach-table").tBodies[0].replaceChildren(...rows.map(row));
    at("teach-doubts").textContent = doubts(lesson);
    if (study.state === "broken") this.#say(`Nothing was learned: ${study.why}.`);
    at("teach-use").disabled = !lesson.here || this.#busy !== "" || !(this.#dirty || canUse(lesson));
    at("teach-back").disabled = !lesson.here || this.#busy !== "" || !lesson.back;
    at("teach-state").textContent = this.#busy === "model" ? "It is being sent …" : standing(lesson);
    if (!this.#dirty) this.#drawFloors((isNew(lesson) ? study : lesson.model).floors ?? {});
  }

  #drawFloors(floors) {
    this.#floors = Object.fromEntries(GESTURES.map((label) => [label, floors[label] ?? 0]));
    for (const slider of at("teach-floors").querySelectorAll("input")) {
      slider.value = this.#floors[slider.dataset.label];
      slider.nextSibling.textContent = `${slider.value} %`;
    }
  }

  // -- Parts -------------------------------------------------------------------------------------------------

  #chip(label) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.dataset.label = label;
    chip.setAttribute("role", "radio");
    const name = document.createElement("span");
    name.textContent = CALLED[label].name;
    const dots = document.createElement("span");
    dots.className = "dots";
    dots.append(...Array.from({ length: TIMES }, () => document.createElement("i")));
    chip.append(name, dots);
    chip.addEventListener("click", () => {
      this.#label = label;
      this.waves.clear();
      this.#draw();
    });
    return chip;
  }

  #item(take, index) {
    const item = document.createElement("li");
    const name = document.createElement("span");
    name.textContent = `${take.source === "wrong" ? "was wrong" : index + 1} · ${(take.samples / 100).toFixed(0)} s`;
    const gone = document.createElement("button");
    gone.type = "button";
    gone.textContent = "×";
    gone.setAttribute("aria-label", `discard recording ${index + 1}`);
    gone.addEventListener("click", () => this.#ask({ kind: "take", take: take.take, discard: true }));
    item.append(name, gone);
    return item;
  }

  #slider(label) {
    const line = document.createElement("label");
    line.dataset.label = label;
    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: 0, max: 95, step: 5, value: 0 });
    slider.dataset.label = label;
    const said = document.createElement("output");
    slider.addEventListener("input", () => {
      this.#dirty = true;
      this.#floors[label] = Number(slider.value);
      said.textContent = `${slider.value} %`;
      this.#draw();
    });
    line.append(CALLED[label].name, slider, said);
    return line;
  }
}

function trouble(take) {
  const item = document.createElement("li");
  item.className = "bad";
  item.textContent = `The last one did not work: ${take.outcome}.`;
  return item;
}

function row({ label, before, after }) {
  const line = document.createElement("tr");
  line.dataset.label = label;
  const name = document.createElement("th");
  name.scope = "row";
  name.textContent = CALLED[label].name;
  line.append(name, mark(before), mark(after));
  return line;
}

function mark([right, of]) {
  const cell = document.createElement("td");
  const meter = document.createElement("span");
  meter.className = "meter";
  const fill = document.createElement("i");
  fill.style.inlineSize = `${of ? (100 * right) / of : 0}%`;
  meter.append(fill);
  cell.append(meter, `${right} of ${of}`);
  return cell;
}
