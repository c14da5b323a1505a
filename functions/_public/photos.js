// Says what is wrong with a photo before it is sent, and why it was not taken, without leaving the page.
const form = document.querySelector(".upload");
const [file, problem, button] = ["[type=file]", ".problem", "button"].map((part) => form.querySelector(part));
const max = Number(form.dataset.max);
const tooLarge = `The photo has more than ${max / 1e6} MB.`;

/** Of an answer, or of none: S3 says with 400 what Portico says with 413, and that its own session has expired. */
async function reason(answer) {
  const text = (await answer?.text()) ?? "";
  if (answer?.status === 413 || text.includes("EntityTooLarge")) return tooLarge;
  if (answer?.status === 403 || text.includes("Expired")) return "This form has expired. Load the page again.";
  return "The photo could not be sent. Please try again later.";
}

file.addEventListener("change", () => {
  const [photo] = file.files;
  problem.textContent = "";
  if (photo && photo.type !== file.accept) problem.textContent = "Only a JPEG, please.";
  else if (photo && photo.size > max) problem.textContent = tooLarge;
  file.setCustomValidity(problem.textContent);
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  problem.textContent = "";
  const sent = { method: "POST", body: new FormData(form), redirect: "manual" };
  const answer = await fetch(form.action, sent).catch(() => undefined);
  button.disabled = false;
  if (answer?.type === "opaqueredirect") location.assign(form.dataset.next);
  else problem.textContent = await reason(answer);
});
