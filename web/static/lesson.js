// A lesson in words and numbers: what each gesture is called, how long it takes, how well it is told. No DOM here.

export const GESTURES = ["hugging", "punching", "shaking", "spinning", "throwing"];
export const LABELS = [...GESTURES, "neutral"];

export const CALLED = {
  hugging: { name: "hug", ask: "hug me now", again: "hug it again", seconds: 5 },
  punching: { name: "punch", ask: "punch me now", again: "punch it again", seconds: 2 },
  shaking: { name: "shake", ask: "shake me now", again: "shake it again", seconds: 4 },
  spinning: { name: "spin", ask: "spin me now", again: "spin it again", seconds: 4 },
  throwing: { name: "throw", ask: "throw me now", again: "throw it again", seconds: 3 },
  neutral: { name: "nothing", ask: "carry me about", again: "carry it again", seconds: 6 },
};

export const TIMES = 5; // of each gesture
export const LEAST = 3; // with fewer nothing is learned
export const COUNT_S = 3; // the count-in
export const REST_S = 2; // to let go

// The takes of one gesture that went well, and the newest that did not.
export function takesOf(lesson, label) {
  const own = lesson.takes.filter((take) => take.label === label);
  return { good: own.filter((take) => take.outcome === "done"), bad: own.filter((take) => take.outcome && take.outcome !== "done").at(-1) };
}

// A gesture shown often enough, or something that was told and was wrong.
export function canLearn(lesson) {
  return GESTURES.some((label) => takesOf(lesson, label).good.length >= LEAST) || takesOf(lesson, "neutral").good.some((take) => take.source === "wrong");
}

// Something was learned, and nobody has used it or gone back to before since.
export function isNew({ model, study }) {
  return study.state === "done" && (study.at_ms ?? 0) > (model.at_ms ?? 0);
}

// How well it does: what was just learned, else what is in use; nothing when nobody knows.
export function marked(lesson) {
  const { model, study } = lesson;
  if (isNew(lesson) || (study.id !== undefined && study.id === lesson.in_use)) return study;
  return lesson.in_use && lesson.in_use === model.id ? (model.marks ?? {}) : {};
}

// Rows of the table: gesture, [right, of] before and after.
export function marks(lesson) {
  const { before = {}, after = {} } = marked(lesson);
  return LABELS.filter((label) => after[label]).map((label) => ({ label, before: before[label] ?? [0, 0], after: after[label] }));
}

// What it no longer falls for: one sentence, or none.
export function doubts(lesson) {
  const names = (marked(lesson).doubts ?? []).map((label) => CALLED[label].name);
  return names.length ? `It has learned from what was wrong what is no ${names.join(", no ")}.` : "";
}

// Whether “use it” would change anything.
export function canUse(lesson) {
  return isNew(lesson) || (lesson.model.id !== undefined && lesson.model.id !== lesson.in_use);
}

// Whether the pillow uses what is known here: one sentence.
export function standing(lesson) {
  const { model } = lesson;
  if (!lesson.here) return "The pillow is not connected: what it knows cannot be changed now.";
  if (isNew(lesson)) return "It does not use this yet.";
  if (model.id !== undefined && model.id !== lesson.in_use) {
    return lesson.in_use ? "It still uses something else." : "It does not use what it was taught: press “use it” again.";
  }
  return lesson.in_use ? "The pillow uses what it was taught here." : "The pillow knows what every new pillow knows.";
}
