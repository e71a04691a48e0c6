// Search, sort and pages for lists of any length; without it the first rows are there as plain HTML.
const collator = new Intl.Collator("en", { numeric: true });
for (const list of document.querySelectorAll(".list[data-rows]")) {
  const rows = JSON.parse(document.getElementById(list.dataset.rows).textContent);
  const heads = [...list.querySelectorAll("th")], body = list.querySelector("tbody"), size = 100;
  let shown = rows, page = 0, sorted = -1, down = true;
  const key = (cell) => cell.length > 1 && cell[1] !== null ? cell[1] : cell[0];
  const draw = () => {
    body.replaceChildren(...shown.slice(page * size, (page + 1) * size).map((row) => {
      const line = document.createElement("tr");
      row.forEach((cell, column) => {
        const box = line.insertCell();
        if (heads[column].classList.contains("num")) box.className = "num";
        box.dataset.of = heads[column].textContent;
        if (cell[2]) {
          const link = document.createElement("a");
          link.href = cell[2]; link.textContent = cell[0]; box.append(link);
        } else box.textContent = cell[0];
      });
      return line;
    }));
    const last = Math.max(0, Math.ceil(shown.length / size) - 1);
    place.textContent = `${shown.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")}` + (last ? `, page ${page + 1} of ${last + 1}` : "");
    back.disabled = page === 0; on.disabled = page >= last;
    back.hidden = on.hidden = !last;
  };
  const button = (text, step) => {
    const made = document.createElement("button");
    made.type = "button"; made.textContent = text;
    made.onclick = () => { page += step; draw(); };
    return made;
  };
  const tools = document.createElement("div"), search = document.createElement("input"), place = document.createElement("span");
  const back = button("‹ back", -1), on = button("on ›", 1);
  tools.className = "tools"; search.type = "search"; search.placeholder = "search"; search.setAttribute("aria-label", "search"); place.className = "dim small";
  search.oninput = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = words.length ? rows.filter((row) => { const line = row.map((cell) => cell[0]).join(" ").toLowerCase(); return words.every((word) => line.includes(word)); }) : rows;
    page = 0; sorted = -1; mark(); draw();
  };
  const mark = () => heads.forEach((head, column) => column === sorted ? head.setAttribute("aria-sort", down ? "descending" : "ascending") : head.removeAttribute("aria-sort"));
  heads.forEach((head, column) => {
    const made = document.createElement("button");
    made.type = "button"; made.append(...head.childNodes); head.append(made);
    made.onclick = () => {
      const numbers = head.classList.contains("num");
      down = sorted === column ? !down : numbers; sorted = column;
      const order = (a, b) => {
        const x = key(a[column]), y = key(b[column]);
        if (x === "" || y === "") return x === y ? 0 : x === "" ? 1 : -1;
        return (typeof x === "number" && typeof y === "number" ? x - y : collator.compare(String(x), String(y))) * (down ? -1 : 1);
      };
      shown = [...shown].sort(order); page = 0; mark(); draw();
    };
  });
  tools.append(search, back, on, place); list.prepend(tools); draw();
}
