const part = document.getElementById("live");
const gone = document.getElementById("gone");
let shown = "";
setInterval(async () => {
  try {
    const answer = await fetch("/live");
    const text = await answer.text();
    if (answer.ok && text !== shown) part.innerHTML = shown = text;
    gone.hidden = true;
  } catch {
    gone.hidden = false;
  }
}, 1000);
