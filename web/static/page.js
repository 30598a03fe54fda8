// The page: joins the socket with the face, the day, what was missed and the health panel. Its law: textContent only,
// and the face shows what `state` says, so that an old report never moves it.

import { Away } from "./away.js";
import { Day } from "./day.js";
import { Health } from "./health.js";
import { Household } from "./household.js";
import { Many } from "./many.js";
import { Owner } from "./owner.js";
import { Settings } from "./settings.js";
import { Teach } from "./teach.js";
import { Wishes } from "./wishes.js";
import { known, LINKS, LOST, more, spoken, WORDS } from "./words.js";
import { Wrong } from "./wrong.js";

const TICK_MS = 1_000; // times in words move once a second
const HIDDEN_MS = 200; // between drawings while nobody looks: the title says how it is
const REFUSED_RETRY_MS = 5_000; // a server that says no is asked again, at leisure
const CHOSEN = "cloud.chosen"; // in the browser's storage: which pillow is big

const at = (id) => document.getElementById(id);
const face = at("face");
const away = new Away(at("away"), at("away-words"), at("away-close"));
const panel = new Health(at("facts"), at("console"), at("trouble"));

let state = null; // what the server said last; null while it is not heard
let health = { away: false, pillows: [], troubles: [], console: [] };
let cursor = Away.seen();
let last = Away.last(); // the report that the cursor is at
let missedUpTo = 0; // rows up to this one happened before this page was there
let day = new Day(Date.now());
let lost = "The page is finding its bridge."; // what to do while nothing is heard

// -- The socket ----------------------------------------------------------------------------------------------

const socket = io({
  transports: ["websocket"],
  auth: (say) => say(cursor === null ? {} : { after: cursor, last }),
  reconnectionDelay: 250,
  reconnectionDelayMax: 2_000,
  timeout: 5_000,
});

new Owner(socket);
const wishes = new Wishes(socket);
const settings = new Settings(socket);
const household = at("household") ? new Household(socket) : null; // only at home
const many = new Many(at("pillows"), face.querySelector("svg"), (id) => {
  sessionStorage.setItem(CHOSEN, id);
  show();
});
const teach = at("teach") ? new Teach(socket) : null; // only at home
const wrong = at("wrong") ? new Wrong(socket) : null;

socket.on("state", (told) => {
  if (state === null) {
    missedUpTo = told.row;
    cursor ??= told.row;
    Away.look(cursor, last);
    fetchDay();
  }
  day.pass(state?.pillows ?? [], told.pillows);
  state = told;
  soon();
});

socket.on("report", (reports) => {
  const { row, pillow, boot, seq } = reports.at(-1);
  cursor = row;
  last = `${pillow}/${boot}/${seq}`;
  Away.look(cursor, last);
  day.add(reports);
  away.add(reports.filter((report) => report.row <= missedUpTo || report.late || document.hidden || report.gesture === "gap"));
  soon();
});

socket.on("trimmed", (told) => {
  cursor = Math.min(cursor ?? 0, told.trimmed - 1);
  away.trim();
});

socket.on("health", (told) => {
  health = told;
  show();
});

socket.on("wish", (told) => {
  if (told.outcome !== "applied") answer(`That did not happen: ${told.why || told.outcome}.`);
});

socket.on("disconnect", (reason) => {
  lose(health.away ? `This page has lost its server. ${LOST.away}` : `This page has lost its bridge. ${LOST.home}`);
  if (reason === "io server disconnect") socket.connect();
});

socket.on("connect_error", async (error) => {
  if (!socket.active) {
    lose(error.message);
    setTimeout(() => socket.connect(), REFUSED_RETRY_MS);
    return;
  }
  const reply = await fetch("/api/state").catch(() => null);
  if (reply && !reply.ok) lose(await reply.text());
  else if (!reply) lose(health.away ? `This page cannot find its server. ${LOST.away}` : `This page cannot find its bridge. ${LOST.home}`);
});

// However many reports come, the page is drawn once a frame; a page that nobody sees has no frames.
let due = false;
function soon() {
  if (due) return;
  due = true;
  const draw = () => {
    due = false;
    show();
  };
  if (document.hidden) setTimeout(draw, HIDDEN_MS);
  else requestAnimationFrame(draw);
}

function lose(words) {
  state = null;
  lost = spoken(words);
  show();
}

async function fetchDay() {
  day = new Day(Date.now());
  const reply = await fetch(`/api/day?start=${day.start}&end=${day.end}`).catch(() => null);
  if (!reply?.ok) return;
  const told = await reply.json();
  day.add(told.reports);
  day.presence = told.presence;
  show();
}

// -- What is shown -------------------------------------------------------------------------------------------

function shown() {
  const pillows = state?.pillows ?? [];
  return (
    pillows.find((pillow) => pillow.id === sessionStorage.getItem(CHOSEN)) ??
    [...pillows].sort((one, other) => (one.link === "") - (other.link === "") || other.last_seen - one.last_seen)[0]
  );
}

function show() {
  const pillow = shown();
  const virtual = health.pillows.some((facts) => facts.id === pillow?.id && facts.virtual);
  showFace(pillow, virtual);
  many.show(state?.pillows ?? [], pillow?.id, Date.now());
  showPresses(pillow, virtual);
  wishes.show(pillow);
  settings.show(pillow);
  teach?.show(pillow);
  household?.show(pillow, virtual);
  wrong?.show(pillow, day.last(pillow?.id), Date.now());
  panel.show(health, pillow?.id ?? "");
  if (state) day.draw(at("strip"), at("counts"), pillow?.id, Date.now());
}

function showFace(pillow, virtual) {
  const gesture = pillow ? known(pillow.gesture) : "notconnected";
  if (face.dataset.gesture !== gesture) face.dataset.gesture = gesture;
  write("words", state && !pillow ? "no pillow yet" : WORDS[gesture]);
  if (state) write("name", pillow?.name ?? "Cloud"); // whose silence it is, is still known
  write("link", state ? (LINKS[pillow?.link ?? ""] ?? "connected") : "out of touch");
  at("link").dataset.link = pillow?.link ?? "";
  if (!state) write("more", lost);
  else if (!pillow && health.away) write("more", "Nothing has come from home yet.");
  else if (!pillow) write("more", "Plug one into this computer, or see a virtual one with “make demo”.");
  else write("more", more(pillow, virtual, day.last(pillow.id), Date.now(), health.away));
  document.title = pillow ? `${pillow.name}: ${WORDS[gesture]}` : "Cloud";
}

// What a screen reader speaks changes only when the words do.
function write(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
}

// -- The virtual pillow --------------------------------------------------------------------------------------

function showPresses(pillow, virtual) {
  at("presses").hidden = !virtual;
  for (const button of at("presses").querySelectorAll("[data-act]")) {
    const { act } = button.dataset;
    const plugged = pillow?.link !== "";
    if (act === "plug") button.hidden = plugged;
    else if (act === "unplug") button.hidden = !plugged;
    else button.disabled = !plugged;
  }
}

at("presses").addEventListener("click", (event) => {
  const { act } = event.target.closest("[data-act]")?.dataset ?? {};
  if (!act || !state) return;
  answer("");
  socket.timeout(3_000).emit("press", { pillow: shown().id, act }, (late, reply) => {
    if (late) answer("The bridge did not answer: is it still running?");
    else if (reply.error) answer(reply.error);
  });
});

function answer(words) {
  write("answer", words);
}

// -- Time ----------------------------------------------------------------------------------------------------

document.addEventListener("visibilitychange", () => Away.look(cursor, last));

setInterval(() => {
  if (state && day.isOver(Date.now())) fetchDay();
  show();
}, TICK_MS);

// The key has done its work: the cookie opens the page from now on, and the address can be seen by anybody.
if (location.search) history.replaceState(null, "", "/");
