(() => {
  "use strict";
  const table = document.getElementById("everybody");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const box = document.getElementById("search");
  const found = document.getElementById("found");
  const words = new Intl.Collator("en", { numeric: true });

  const search = () => {
    const wanted = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row, place) => { row.hidden = !wanted.every((word) => texts[place].includes(word)); });
    found.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  };
  const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  const sort = (head, column) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = [...rows].sort((one, other) => words.compare(value(one, column), value(other, column)));
    const numbers = order.every((row) => row.cells[column].dataset.value !== undefined);
    if (numbers) order.sort((one, other) => value(one, column) - value(other, column));
    body.append(...(down ? order.reverse() : order));
  };
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head, column));
    head.replaceChildren(button);
  });
  box.addEventListener("input", search);
  document.getElementById("tools").hidden = false;
  search();
})();
