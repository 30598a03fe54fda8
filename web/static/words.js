// What the page says: gestures, numbers and times in words. No DOM here.

export const WORDS = {
  neutral: "all is calm",
  hugging: "being hugged",
  punching: "being punched",
  shaking: "being shaken",
  spinning: "being spun",
  throwing: "flying through the air",
  notconnected: "not connected",
  sleeping: "fast asleep",
  sensorfault: "cannot feel anything",
};

// What is counted, and what one and several of it are called.
export const COUNTED = {
  hugging: ["hug", "hugs"],
  punching: ["punch", "punches"],
  shaking: ["shake", "shakes"],
  spinning: ["spin", "spins"],
  throwing: ["throw", "throws"],
};

export const LINKS = { usb: "on USB", wifi: "on Wi-Fi", virtual: "a virtual pillow", "": "not connected" };

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

// A sentence of the terminal's as a page says it: what is to be typed stands in quotation marks.
export function spoken(sentence) {
  return sentence.replace(/`([^`]*)`/g, "“$1”");
}

// Any gesture that this page does not know is shown as a sensor fault: never as calm.
export function known(gesture) {
  return Object.hasOwn(WORDS, gesture) ? gesture : "sensorfault";
}

export function count(reports) {
  const counts = {};
  for (const { gesture } of reports) {
    if (Object.hasOwn(COUNTED, gesture)) counts[gesture] = (counts[gesture] ?? 0) + 1;
  }
  return counts;
}

export function inWords(counts) {
  const parts = Object.keys(COUNTED)
    .filter((gesture) => counts[gesture])
    .map((gesture) => `${counts[gesture]} ${COUNTED[gesture][counts[gesture] === 1 ? 0 : 1]}`);
  return parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : parts.join("");
}

export function clock(at) {
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export function when(at, now) {
  if (now - at < 1.5 * MINUTE_MS) return "just now";
  if (startOfDay(at) === startOfDay(now)) return `at ${clock(at)}`;
  if (now - at < 6 * DAY_MS) return `on ${new Date(at).toLocaleDateString([], { weekday: "long" })} at ${clock(at)}`;
  return `on ${new Date(at).toLocaleDateString([], { day: "numeric", month: "long", year: "numeric" })}`;
}

export function lasting(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 2) return "a moment";
  if (seconds < 90) return `${seconds} seconds`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}

export function startOfDay(at) {
  return new Date(at).setHours(0, 0, 0, 0);
}

export function endOfDay(at) {
  const day = new Date(startOfDay(at));
  return day.setDate(day.getDate() + 1);
}

// What to do while nothing is heard, at home and away from it.
export const LOST = {
  home: "Start it again with “make run” or “make demo”: the page comes back by itself.",
  away: "The page comes back by itself.",
};

// The second line under the face: since when, and what to do if something is to be done.
export function more(pillow, virtual, last, now, away = false) {
  switch (known(pillow.gesture)) {
    case "notconnected":
      if (away) return `Last seen ${when(pillow.last_seen, now)}. It wakes when it is plugged in at home.`;
      return `Last seen ${when(pillow.last_seen, now)}. ${virtual ? "Press “plug in” to wake it." : "Plug it into this computer to wake it."}`;
    case "sleeping":
      return `Since ${clock(pillow.since)}. It wakes when it is moved or squeezed.`;
    case "sensorfault":
      return "Its motion sensor does not answer: check the sensor’s four wires, then plug the pillow in again.";
    case "neutral":
      if (pillow.late) return "It is telling what happened while it was away.";
      return last ? `The last ${COUNTED[last.gesture][0]} was ${when(last.at_ms, now)}.` : `Since ${clock(pillow.since)}.`;
    default:
      return `for ${lasting(now - pillow.since)}`;
  }
}
